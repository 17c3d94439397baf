import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { Hono } from "hono";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../base/clock.ts";
import { silentLogger } from "../base/logger.ts";
import type { ClusterEndpoint, ClusterView, RefusedPolicy } from "../cilium/cluster-view.ts";
import { type Flow, formatTimestamp } from "../flow/model/flow.ts";
import { CompletenessLog } from "../flow/store/completeness-log.ts";
import { FlowStore } from "../flow/store/flow-store.ts";
import { openApiDocument, openApiPath } from "./openapi/document.ts";
import { policyOperations } from "./openapi/policy-operations.ts";
import { PolicyDrafts } from "./policy-drafts.ts";
import { policyRoutes } from "./policy-routes.ts";
import type {
  WireAppliedPolicy,
  WireMatrix,
  WirePolicyCheck,
  WirePolicyList,
  WireProposals,
  WireReplay,
  WireScoreAnswer,
  WireUnusedRules,
} from "./wire/policy.ts";

const startMs = Date.parse("2026-01-15T10:00:00Z");
const rule1 = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: rule1
spec:
  endpointSelector:
    matchLabels:
      class: deathstar
  ingress:
  - fromEndpoints:
    - matchLabels:
        org: empire
    toPorts:
    - ports:
      - port: "80"
        protocol: TCP
      rules:
        http:
        - method: POST
          path: /v1/request-landing
  - fromEntities: [remote-node]
`;
const broken = rule1.replace("rule1", "broken").replace("fromEndpoints", "fromEndpoint");

let refused: RefusedPolicy[] = [];
let dir = "";
let store: FlowStore;
let completeness: CompletenessLog;
let routes: Hono;

function labels(name: string, org: string): string[] {
  return [
    `k8s:class=${name}`,
    "k8s:io.cilium.k8s.policy.cluster=default",
    "k8s:io.kubernetes.pod.namespace=default",
    `k8s:org=${org}`,
  ];
}

function end(name: string, org: string) {
  return {
    namespace: "default",
    pod_name: `${name}-1`,
    labels: labels(name, org),
    workloads: [{ name, kind: "Deployment" }],
  };
}

function flow(second: number, source: "tiefighter" | "xwing", request?: [string, string]): Flow {
  const isXwing = source === "xwing";
  const isRefused = request !== undefined && request[0] !== "POST";
  const base: Flow = {
    time: formatTimestamp(startMs + second * 1000),
    verdict: isXwing || isRefused ? "DROPPED" : "FORWARDED",
    l4: { TCP: { source_port: 40_000 + second, destination_port: 80, flags: { SYN: true } } },
    source: end(source, isXwing ? "alliance" : "empire"),
    destination: end("deathstar", "empire"),
    traffic_direction: "INGRESS",
    is_reply: false,
  };
  if (isXwing) return { ...base, drop_reason_desc: "POLICY_DENIED" };
  if (request === undefined) return base;
  const [method, path] = request;
  return { ...base, l7: { type: "REQUEST", http: { method, url: `http://deathstar${path}` } } };
}

const view: ClusterView = {
  endpoints: async () =>
    ["tiefighter", "xwing", "deathstar"].map((name, id) => endpointOf(name, id)),
  identities: async () => [],
  nodes: async () => [],
  services: async () => [],
  policies: async () => [
    {
      clusterName: "default",
      revision: 3,
      policies: [rule1, broken].map((yaml) => ({
        clusterName: "default",
        kind: "CiliumNetworkPolicy",
        namespace: "default",
        name: yaml === rule1 ? "rule1" : "broken",
        yaml,
      })),
      refused,
    },
  ],
} as Partial<ClusterView> as ClusterView;

function endpointOf(name: string, id: number): ClusterEndpoint {
  return {
    id,
    clusterName: "default",
    nodeName: "n1",
    kind: "pod",
    namespace: "default",
    podName: `${name}-1`,
    workload: { name, kind: "Deployment" },
    labels: labels(name, name === "xwing" ? "alliance" : "empire"),
  } as Partial<ClusterEndpoint> as ClusterEndpoint;
}

beforeEach(async () => {
  refused = [];
  dir = mkdtempSync(join(tmpdir(), "policy-routes-"));
  const clock = new FakeClock(startMs + 600_000);
  const options = { dir, clock, logger: silentLogger, retentionMs: 1e12 };
  store = await FlowStore.open({ ...options, retentionBytes: 1e12 });
  const nodes = [{ node: "n1", seen: 95, lost: { LOST: 5 }, state: "", message: "" }];
  completeness = new CompletenessLog({ ...options, nodes: () => nodes });
  completeness.note();
  const drafts = new PolicyDrafts(join(dir, "drafts"), clock, silentLogger);
  routes = policyRoutes({ store, completeness, view, drafts, clock });
  store.append([
    ...[0, 1, 2, 3].map((second) => flow(second, "tiefighter")),
    ...[0, 1, 2].map((second) => flow(second, "tiefighter", ["POST", "/v1/request-landing"])),
    flow(4, "tiefighter", ["PUT", "/v1/exhaust-port"]),
  ]);
  await store.seal();
  store.append([5, 6].map((second) => flow(second, "xwing")));
});
afterEach(async () => {
  completeness.close();
  await store.close();
  rmSync(dir, { recursive: true });
});

async function get<Body>(path: string): Promise<Body> {
  const answer = await routes.request(path);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Body;
}

async function post<Body>(path: string, yaml: string): Promise<Body> {
  const answer = await routes.request(path, { method: "POST", body: yaml });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Body;
}

describe("policies in force", () => {
  it("lists them with state, endpoints, verdicts, and the fault of one that is not imported", async () => {
    const { policies, score, window } = await get<WirePolicyList>("/policy/list?since=1h");
    expect(
      policies.map((one) => [one.name, one.state, one.endpoints, one.allowed, one.denied]),
    ).toEqual([
      ["rule1", "partly-unused", 1, 7, 3],
      ["broken", "not-imported", 0, 0, 0],
    ]);
    expect(policies[1]?.error).toMatchObject({ line: 10, mend: 'did you mean "fromEndpoints"?' });
    expect(score).toEqual({ compared: 10, equal: 10 });
    expect(window).toMatchObject({ flows: 10, completeness: 0.95 });
  });

  it("lists what the cluster refused: alone, or as an update of what stays in force", async () => {
    const error = { file: "bad.yaml", line: 10, path: "spec", message: "no good", mend: "mend it" };
    const policy = { clusterName: "default", kind: "CiliumNetworkPolicy", namespace: "default" };
    const yaml = rule1.replace("rule1", "late");
    refused = [
      { ...policy, name: "late", yaml, error },
      { ...policy, name: "rule1", yaml: rule1.replace("POST", "GET"), error },
    ];
    const { policies } = await get<WirePolicyList>("/policy/list?since=1h");
    expect(policies.map((one) => [one.name, one.state, one.error?.line, one.allowed])).toEqual([
      ["rule1", "not-imported", 1, 7],
      ["broken", "not-imported", 10, 0],
      ["late", "not-imported", 10, 0],
    ]);
    expect(policies[0]?.error?.message).toMatch(/stays in force: line 10 of bad.yaml: .*no good/);
    const { yaml: shown, notes } = await get<WireAppliedPolicy>(
      "/policy/applied/CiliumNetworkPolicy/default/late?since=1h",
    );
    expect([shown, notes]).toEqual([yaml, [{ line: 10, kind: "crit", text: "no good; mend it" }]]);
    refused = [];
    expect((await get<WirePolicyList>("/policy/list?since=1h")).policies).toHaveLength(2);
  });

  it("takes the short names of kinds", async () => {
    const { policy } = await get<WireAppliedPolicy>("/policy/applied/cnp/default/rule1?since=1h");
    expect([policy.kind, policy.name]).toEqual(["CiliumNetworkPolicy", "rule1"]);
  });

  it("counts hits by line and says where default deny comes from and what nothing needed", async () => {
    const { hits, notes } = await get<WireAppliedPolicy>(
      "/policy/applied/CiliumNetworkPolicy/default/rule1?since=1h",
    );
    const told = hits
      .filter(({ allowed, denied }) => allowed + denied > 0)
      .map(({ line, part, allowed, denied }) => `${line} ${part} ${allowed}/${denied}`);
    expect(told).toEqual([
      "6 subject 0/2",
      "10 rule 7/0",
      "11 peer 7/0",
      "15 port 7/0",
      "19 request 3/1",
    ]);
    expect(notes).toEqual([
      {
        line: 6,
        kind: "info",
        text: "Turns default deny on for ingress: 2 flows matched no rule",
      },
      {
        line: 19,
        kind: "info",
        text: "1 requests were none of those named and were refused",
      },
      { line: 21, kind: "warn", text: "No flow of this window needed this rule." },
    ]);
  });

  it("names unused rules and scores the simulator", async () => {
    const unused = await get<WireUnusedRules>("/policy/unused?since=1h");
    expect(unused.rules.map(({ name, index, line }) => [name, index, line])).toEqual([
      ["rule1", 1, 21],
    ]);
    const score = await get<WireScoreAnswer>("/policy/score?since=1h");
    expect([score.compared, score.equal, score.deniedHere]).toEqual([10, 10, []]);
  });

  it("draws the matrix with the traffic seen beside", async () => {
    const { workloads, cells } = await get<WireMatrix>("/policy/matrix?since=1h");
    expect(workloads).toEqual(["default/deathstar", "default/tiefighter", "default/xwing"]);
    const cell = cells.find(
      ({ source, destination }) =>
        source === "default/tiefighter" && destination === "default/deathstar",
    );
    expect(cell).toMatchObject({ reach: "some", services: ["TCP/80 (L7)"], seenForwarded: 7 });
    const closed = cells.find(
      ({ source, destination }) =>
        source === "default/xwing" && destination === "default/deathstar",
    );
    expect(closed).toMatchObject({ reach: "none", seenDenied: 2 });
  });
});

describe("drafts", () => {
  it("replays one against recorded flows: the sentence, groups with line and reason, rules", async () => {
    const draft = rule1.replace("org: empire", 'ship: "true"');
    const replay = await post<WireReplay>("/policy/replay?since=1h", draft);
    expect(replay.sentence).toBe("1 workload would lose 7 flows. Nothing would be gained.");
    expect(replay.lostGroups).toMatchObject([
      {
        source: "default/tiefighter",
        destination: "default/deathstar",
        service: "TCP/80",
        line: 12,
        reason: "tiefighter has no label ship",
        flows: 7,
      },
    ]);
    expect(replay.rules[0]).toEqual({
      title: "ingress[0] POST /v1/request-landing",
      line: 19,
      flows: 0,
      before: 3,
    });
  });

  it("tells what is gained, and a refused request by its own line", async () => {
    const open = rule1.replace("org: empire", "{}").replace("matchLabels:\n        {}", "{}");
    const gained = await post<WireReplay>("/policy/replay?since=1h", open);
    expect(gained.sentence).toBe("Nothing would be lost. 1 workload would gain 2 flows.");
    const other = rule1.replace("/v1/request-landing", "/v2/.*");
    const lost = await post<WireReplay>("/policy/replay?since=1h", other);
    expect(lost.lostGroups).toMatchObject([
      { line: 19, reason: "POST /v1/request-landing is not POST /v2/.*", flows: 3 },
    ]);
  });

  it("refuses one that does not parse with 422 and its line", async () => {
    const answer = await routes.request("/policy/replay", { method: "POST", body: broken });
    expect(answer.status).toBe(422);
  });

  it("checks a text and gives mends that can be put in place", async () => {
    const { findings } = await post<WirePolicyCheck>("/policy/check", broken);
    expect(findings.map(({ line, severity, mend }) => [line, severity, mend?.text])).toContainEqual(
      [10, "error", "fromEndpoints"],
    );
    const typo = await post<WirePolicyCheck>(
      "/policy/check",
      rule1.replace("org: empire", "org: empyre"),
    );
    expect(typo.findings[0]).toMatchObject({
      severity: "warning",
      code: "selects-nothing",
      mend: { line: 12, from: 13, to: 19, text: "empire" },
    });
    expect(typo.policies).toEqual([
      { kind: "CiliumNetworkPolicy", namespace: "default", name: "rule1", endpoints: 1 },
    ]);
  });

  it("keeps, lists and removes them; a torn file is left out", async () => {
    const body = JSON.stringify({ title: "t", yaml: rule1, basedOn: "" });
    const kept = await routes.request("/policy/drafts/d-1", { method: "PUT", body });
    expect(kept.status).toBe(200);
    writeFileSync(join(dir, "drafts", "torn.json"), '{"title":');
    expect(await get<unknown[]>("/policy/drafts")).toHaveLength(1);
    expect(await get<object>("/policy/drafts/d-1")).toMatchObject({ id: "d-1", yaml: rule1 });
    expect((await routes.request("/policy/drafts/..%2Fx", { method: "PUT", body })).status).toBe(
      400,
    );
    expect((await routes.request("/policy/drafts/d-1", { method: "DELETE" })).status).toBe(200);
    expect(readdirSync(join(dir, "drafts"))).toEqual(["torn.json"]);
  });
});

describe("the OpenAPI document", () => {
  it("has a row for each route, and real answers fit it", async () => {
    const app = new Hono().route("/api/ciliascope/v1", routes);
    const routed = app.routes.map(({ path }) => openApiPath(path));
    for (const { path } of policyOperations) expect(routed).toContain(path);
    const ajv = new Ajv2020({ strict: true, validateFormats: false });
    ajv.addVocabulary(["components"]);
    const document = openApiDocument("1", app.routes) as { components: object };
    ajv.addSchema({ $id: "document", components: document.components });
    const asked: readonly (readonly [method: string, path: string, body?: string])[] = [
      ["get", "/list"],
      ["get", "/applied/{kind}/{namespace}/{name}"],
      ["get", "/unused"],
      ["get", "/score"],
      ["get", "/propose"],
      ["get", "/connections"],
      ["get", "/matrix"],
      ["post", "/matrix", rule1],
      ["post", "/replay", rule1.replace("empire", "rebels")],
      ["post", "/check", broken],
      ["put", "/drafts/{id}", JSON.stringify({ yaml: rule1 })],
      ["get", "/drafts"],
      ["delete", "/drafts/{id}"],
    ];
    for (const [method, path, body] of asked) {
      const real = path
        .replace("{kind}/{namespace}/{name}", "CiliumNetworkPolicy/default/rule1")
        .replace("{id}", "d-1");
      const answer = await routes.request(`/policy${real}?since=1h`, {
        method: method.toUpperCase(),
        ...(body === undefined ? {} : { body }),
      });
      const row = policyOperations.find(
        (one) => one.path.endsWith(`/policy${path}`) && one.methods[0] === method,
      );
      const schema = JSON.stringify(row?.body).replaceAll('"#/comp', '"document#/comp');
      const validate = ajv.compile(JSON.parse(schema) as object);
      validate(await answer.json());
      expect(`${path}: ${ajv.errorsText(validate.errors)}`).toBe(`${path}: No errors`);
    }
  });
});

describe("from traffic", () => {
  it("proposes policies that drop nothing of what passed", async () => {
    const { proposals, wouldDrop } = await get<WireProposals>(
      "/policy/propose?since=1h&direction=ingress",
    );
    expect(proposals.map(({ name, flows }) => [name, flows])).toEqual([["deathstar-observed", 7]]);
    expect(wouldDrop).toBe(0);
  });

  it("explains one connection", async () => {
    const body = JSON.stringify({
      source: { labels: labels("xwing", "alliance") },
      destination: { labels: labels("deathstar", "empire") },
      port: 80,
    });
    const answer = await post<{ decision: string; lines: string[] }>("/policy/explain", body);
    expect(answer.decision).toBe("denied");
    expect(answer.lines[1]).toMatch(/^ingress: denied: no rule matches/);
  });

  it("writes a test case that its own policies pass", async () => {
    const answer = await routes.request("/policy/test-case?since=1h", {
      method: "POST",
      body: rule1,
    });
    const text = await answer.text();
    expect(text).toContain('policies: ["rule1.yaml"]');
    expect(text).toContain("expect: denied");
  });
});
