import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../base/clock.ts";
import { silentLogger } from "../base/logger.ts";
import type { Flow } from "../flow/model/flow.ts";
import type { LabEventOf } from "./events.ts";
import { type Laboratory, startLaboratory } from "./laboratory.ts";
import { loadScene } from "./scenes/scene-file.ts";

const deathstar = "deathstar.default.svc.cluster.local";

const starWarsScene = loadScene("star-wars");

let lab: Laboratory;
const flows: Flow[] = [];
const packets: LabEventOf<"packet">[] = [];

beforeAll(async () => {
  lab = await startLaboratory({
    scene: starWarsScene,
    ciliumVersion: "1.19",
    clock: systemClock,
    logger: silentLogger,
    seed: 7,
    addressBase: "127.10.0",
    isEphemeral: true,
    hasTraffic: false,
    labDir: undefined,
  });
  lab.context.bus.on("flow", ({ flow }) => flows.push(flow));
  lab.context.bus.on("packet", (event) => packets.push(event));
});

afterAll(() => lab.stop());

async function curl(
  pod: string,
  ...args: string[]
): Promise<{ code: number; out: string; err: string }> {
  let out = "";
  let err = "";
  const code = await lab.exec(
    { namespace: "default", pod, command: ["curl", ...args] },
    {
      stdout: (bytes) => {
        out += bytes.toString();
      },
      stderr: (text) => {
        err += text;
      },
    },
    new AbortController().signal,
  );
  return { code, out, err };
}

describe("the Star Wars laboratory", () => {
  it("lets a tiefighter land", async () => {
    expect(await curl("tiefighter", "-s", "-XPOST", `${deathstar}/v1/request-landing`)).toEqual({
      code: 0,
      out: "Ship landed\n",
      err: "",
    });
  });

  it("lets the proxy refuse what a tiefighter may not ask", async () => {
    const answer = await curl("tiefighter", "-s", "-i", "-XPUT", `${deathstar}/v1/exhaust-port`);
    expect(answer.code).toBe(0);
    expect(answer.out.split("\r\n").filter((line) => !line.startsWith("date:"))).toEqual([
      "HTTP/1.1 403 Forbidden",
      "content-length: 15",
      "content-type: text/plain",
      "server: envoy",
      "",
      "Access denied",
      "",
    ]);
    const refused = flows.find(
      ({ verdict, l7 }) => verdict === "DROPPED" && l7?.http !== undefined,
    );
    expect(refused?.Summary).toBe(`HTTP/1.1 PUT http://${deathstar}/v1/exhaust-port`);
    expect(refused?.destination?.pod_name).toContain("deathstar");
  });

  it("drops an xwing's SYN, and says so in a count and flows", async () => {
    packets.length = 0;
    flows.length = 0;
    const { code, err } = await curl(
      "xwing",
      "-sS",
      "-m",
      "0.4",
      "-XPOST",
      `${deathstar}/v1/request-landing`,
    );
    expect(code).toBe(28);
    expect(err).toMatch(/^curl: \(28\) Connection timed out after \d+ milliseconds\n$/);
    const drops = packets.filter(({ verdict }) => verdict === "dropped");
    expect(drops.map(({ dropReason, direction }) => [dropReason, direction])).toEqual([
      ["Policy denied", "INGRESS"],
    ]);
    const dropped = flows.filter(({ verdict }) => verdict === "DROPPED");
    expect(dropped.map(({ event_type, Summary }) => [event_type?.type, Summary])).toEqual([
      [5, "TCP Flags: SYN"],
      [1, "TCP Flags: SYN"],
    ]);
  });

  it("shows Envoy's headers on what it passes on", async () => {
    const { err } = await curl("tiefighter", "-sv", "-XPOST", `${deathstar}/v1/request-landing`);
    expect(err).toMatch(/< x-envoy-upstream-service-time: \d+\n< server: envoy\n/);
    expect(err).toContain(
      "> POST /v1/request-landing HTTP/1.1\n> Host: deathstar.default.svc.cluster.local\n> User-Agent: curl/7.88.1\n> Accept: */*\n> \n",
    );
  });

  it("looks names up with the search path, as flows of the DNS proxy show", async () => {
    flows.length = 0;
    await curl("tiefighter", "-s", "nosuch");
    const queries = flows.filter(({ l7 }) => l7?.type === "REQUEST" && l7.dns !== undefined);
    expect(queries.map(({ l7 }) => `${l7?.dns?.query} ${l7?.dns?.qtypes}`)).toEqual(
      [
        "nosuch.default.svc.cluster.local.",
        "nosuch.svc.cluster.local.",
        "nosuch.cluster.local.",
        "nosuch.",
      ].flatMap((name) => [`${name} A`, `${name} AAAA`]),
    );
  });

  it("fails as curl does for unknown names, closed ports and -f", async () => {
    expect((await curl("tiefighter", "-sS", "nosuch")).err).toBe(
      "curl: (6) Could not resolve host: nosuch\n",
    );
    const dns = lab.cluster.findPod("kube-system", "coredns-76f75df574-8xk2p")?.facts.address ?? "";
    const refused = await curl("xwing", "-sS", `${dns}:81`);
    expect(refused.err).toMatch(
      /^curl: \(7\) Failed to connect to 10\.0\.0\.\d+ port 81 after \d+ ms: Couldn't connect to server\n$/,
    );
    expect(await curl("tiefighter", "-sSf", `${deathstar}/v1/`)).toEqual({
      code: 22,
      out: "",
      err: "curl: (22) The requested URL returned error: 403\n",
    });
  });

  it("takes a changed policy at once", async () => {
    await lab.cluster.removePolicy("default", "rule1");
    expect((await curl("xwing", "-s", "-XPOST", `${deathstar}/v1/request-landing`)).out).toBe(
      "Ship landed\n",
    );
    const explosion = await curl("tiefighter", "-s", "-XPUT", `${deathstar}/v1/exhaust-port`);
    expect(explosion.out).toContain("Panic: deathstar exploded\n\ngoroutine 1 [running]:");
    await expect(lab.cluster.applyPolicies("kind: [", "bad.yaml")).rejects.toThrow(
      /^bad\.yaml:1: cannot read YAML/,
    );
    for (const { text, file } of starWarsScene.policies)
      await lab.cluster.applyPolicies(text, file);
    expect((await curl("xwing", "-s", "-m", "0.3", `${deathstar}/v1/`)).code).toBe(28);
  });

  it("serves the counters of what happened", async () => {
    const agent = lab.endpointUrls.find(({ job }) => job === "cilium-agent");
    const text = await (await fetch(agent?.url ?? "")).text();
    expect(text).toMatch(/^cilium_endpoint_state\{endpoint_state="ready"\} [1-9]/m);
    expect(text).toMatch(/^cilium_policy 5$/m);
  });

  it("refuses commands that pods do not have", async () => {
    const err: string[] = [];
    const output = { stdout: () => {}, stderr: (text: string) => err.push(text) };
    const { signal } = new AbortController();
    expect(
      await lab.exec({ namespace: "default", pod: "nobody", command: ["curl"] }, output, signal),
    ).toBe(1);
    expect(
      await lab.exec({ namespace: "default", pod: "xwing", command: ["ls"] }, output, signal),
    ).toBe(126);
    expect(err.join("")).toContain('pods "nobody" not found');
  });
});
