/**
 * Rows of the OpenAPI document for policies, with the schemas of what they answer
 * (src/api/wire/policy.ts). They are in the document of a server that has the routes.
 */

import type { OperationSpec } from "./operations.ts";
import { type JsonSchema, listOf, mapOf, record, ref } from "./schemas.ts";

const text: JsonSchema = { type: "string" };
const number: JsonSchema = { type: "number" };
const count: JsonSchema = { type: "integer", minimum: 0 };
const flag: JsonSchema = { type: "boolean" };
const texts = listOf(text);
const direction: JsonSchema = { enum: ["ingress", "egress"] };

/** A schema that may also be null. */
function orNull(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, { type: "null" }] };
}

const scoreGroup = record({
  source: text,
  destination: text,
  service: text,
  reason: text,
  flows: count,
});
const change = record({
  source: text,
  destination: text,
  service: text,
  direction,
  policy: text,
  line: orNull(count),
  reason: text,
  requests: texts,
  flows: count,
  lastTime: text,
});
const mend = record({ line: count, from: count, to: count, text, title: text });
const policyName = { kind: text, namespace: text, name: text };

/** Components, beside those of schemas.ts. */
export const policySchemas: Readonly<Record<string, JsonSchema>> = {
  PolicyWindow: record({
    sinceMs: number,
    untilMs: number,
    flows: count,
    skipped: count,
    completeness: number,
    tookMs: number,
  }),
  PolicyRow: record({
    ...policyName,
    state: {
      enum: ["enforced", "audit", "not-imported", "partly-unused", "unused", "selects-none"],
    },
    error: orNull(record({ line: count, path: text, message: text, mend: text })),
    directions: listOf(direction),
    endpoints: count,
    rules: count,
    unusedRules: count,
    allowed: count,
    denied: count,
    subject: text,
  }),
  PolicyList: record({
    clusterName: text,
    clusters: texts,
    revision: count,
    window: ref("PolicyWindow"),
    score: record({ compared: count, equal: count }),
    policies: listOf(ref("PolicyRow")),
  }),
  AppliedPolicy: record({
    policy: ref("PolicyRow"),
    yaml: text,
    window: ref("PolicyWindow"),
    hits: listOf(
      record({
        line: count,
        part: { enum: ["subject", "rule", "peer", "port", "request"] },
        title: text,
        allowed: count,
        denied: count,
      }),
    ),
    notes: listOf(record({ line: count, kind: { enum: ["info", "warn", "crit"] }, text })),
  }),
  PolicyCheck: record({
    findings: listOf(
      record({
        severity: { enum: ["error", "warning", "note"] },
        line: count,
        by: text,
        code: text,
        path: text,
        message: text,
        mend: orNull(mend),
      }),
    ),
    policies: listOf(record({ ...policyName, endpoints: orNull(count) })),
  }),
  PolicyReplay: record({
    sentence: text,
    window: ref("PolicyWindow"),
    same: count,
    lost: count,
    gained: count,
    unexplained: count,
    lostGroups: listOf(change),
    gainedGroups: listOf(change),
    rules: listOf(record({ title: text, line: count, flows: count, before: orNull(count) })),
    moreGroups: count,
  }),
  PolicyProposals: record({
    window: ref("PolicyWindow"),
    proposals: listOf(record({ namespace: text, name: text, yaml: text, flows: count })),
    wouldDrop: count,
  }),
  UnusedPolicyRules: record({
    window: ref("PolicyWindow"),
    ruleCount: count,
    rules: listOf(
      record({ ...policyName, section: text, index: count, line: count, isSubjectSeen: flag }),
    ),
  }),
  PolicyScore: record({
    window: ref("PolicyWindow"),
    compared: count,
    equal: count,
    deniedHere: listOf(scoreGroup),
    allowedHere: listOf(scoreGroup),
  }),
  PolicyMatrix: record({
    window: ref("PolicyWindow"),
    workloads: texts,
    more: count,
    namespaces: texts,
    cells: listOf(
      record({
        source: text,
        destination: text,
        reach: { enum: ["all", "some", "none"] },
        services: texts,
        reason: text,
        seenForwarded: count,
        seenDenied: count,
      }),
    ),
  }),
  PolicyConnections: record({
    flowCount: count,
    skipped: mapOf(count),
    connections: listOf({ type: "object" }),
  }),
  PolicyDraft: record({ id: text, title: text, yaml: text, basedOn: text, updatedMs: number }),
};

/** Parameters that these rows alone have, or mean something of their own by. */
export const policyParameterSpecs: Readonly<Record<string, readonly [JsonSchema, string]>> = {
  since: [
    text,
    "Begin: RFC 3339, Unix seconds, `now-1h`, or a duration back; six hours unless given.",
  ],
  until: [text, "End, written alike; now unless given."],
  cluster: [text, "Name of the cluster, where there are several; the first unless given."],
  kind: [text, "CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy or NetworkPolicy."],
  namespace: [text, "Namespace; `-` for cluster-wide policies."],
  name: [text, "Name of the policy."],
  direction: [{ enum: ["both", "ingress", "egress"] }, "Which sides a proposal closes."],
  l7: [{ enum: ["true", "false"] }, "false: no HTTP and DNS rules."],
  workload: [text, "Only the policy of this workload."],
  ns: [text, "Namespaces of the matrix, separated by commas; all unless given."],
  only: [{ enum: ["draft"] }, "Replay the draft alone, without the policies in force."],
  headers: [text, "Not empty: tell HTTP headers of requests apart."],
  id: [text, "Of a draft: a-z, 0-9 and -."],
};

const span = ["since", "until", "cluster"];
const own = "/api/ciliascope/v1/policy";

function row(
  method: string,
  path: string,
  [summary, parameters]: readonly [string, readonly string[]],
  answer: { readonly body: JsonSchema } | { readonly media: string },
): OperationSpec {
  return { path: own + path, methods: [method], tag: "policy", summary, parameters, ...answer };
}

/** The rows. */
export const policyOperations: readonly OperationSpec[] = [
  row("get", "/list", ["Policies in force with state and hits", span], { body: ref("PolicyList") }),
  row(
    "get",
    "/applied/{kind}/{namespace}/{name}",
    ["One policy with hits by line", ["kind!", "namespace!", "name!", ...span]],
    { body: ref("AppliedPolicy") },
  ),
  row("get", "/unused", ["Rules that no flow needed", span], { body: ref("UnusedPolicyRules") }),
  row("get", "/score", ["How often the simulated verdict is the observed one", span], {
    body: ref("PolicyScore"),
  }),
  row(
    "get",
    "/propose",
    ["Policies out of the traffic", [...span, "direction", "l7", "namespace", "workload"]],
    { body: ref("PolicyProposals") },
  ),
  row("get", "/connections", ["Distinct connections of the flows", [...span, "headers"]], {
    body: ref("PolicyConnections"),
  }),
  row("get", "/matrix", ["Who may reach whom", [...span, "ns"]], { body: ref("PolicyMatrix") }),
  row("post", "/matrix", ["Who could reach whom with a draft", [...span, "ns"]], {
    body: ref("PolicyMatrix"),
  }),
  row("post", "/replay", ["What a draft would change", [...span, "only"]], {
    body: ref("PolicyReplay"),
  }),
  row("post", "/test-case", ["A test file of what a draft decides", span], {
    media: "application/yaml",
  }),
  row("post", "/check", ["Faults and warnings of a draft", ["cluster"]], {
    body: ref("PolicyCheck"),
  }),
  row("post", "/explain", ["Why a connection passes or does not", ["cluster"]], {
    body: record({ decision: text, lines: texts }),
  }),
  row("get", "/drafts", ["Drafts, newest first", []], { body: listOf(ref("PolicyDraft")) }),
  row("get", "/drafts/{id}", ["One draft", ["id!"]], { body: ref("PolicyDraft") }),
  row("put", "/drafts/{id}", ["Keep a draft", ["id!"]], { body: ref("PolicyDraft") }),
  row("delete", "/drafts/{id}", ["Remove a draft", ["id!"]], { body: record({ id: text }) }),
];
