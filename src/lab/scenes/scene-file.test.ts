import { describe, expect, it } from "vitest";
import { parsePolicies } from "../../policy/document/policy-parse.ts";
import { listSceneNames, loadScene } from "./scene-file.ts";
import { parseScene } from "./scene-schema.ts";

function problem(text: string): string {
  try {
    parseScene(text, "scene.yaml");
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
  return "";
}

describe("the package's scenes", () => {
  it("are these four, and load with policies that parse", () => {
    expect(listSceneNames()).toEqual(["mesh", "shop", "star-wars", "storm"]);
    for (const name of listSceneNames()) {
      const scene = loadScene(name);
      expect(scene.name).toBe(name);
      for (const { text, file } of scene.policies) parsePolicies(text, { file });
    }
  });

  it("have the sizes that their descriptions tell", () => {
    const shop = loadScene("shop").workloads.filter(
      ({ namespace, isUnmanaged, name }) =>
        namespace === "shop" && !isUnmanaged && name !== "loadgen",
    );
    expect(shop).toHaveLength(12);
    const storm = loadScene("storm");
    expect(storm.clusters[0]?.nodeNames).toHaveLength(50);
    const pods = storm.workloads.reduce((sum, { replicas }) => sum + replicas, 0);
    // With a host and a health endpoint a node: 10,020 endpoints.
    expect(pods + 2 * 50).toBe(10_020);
    expect(loadScene("mesh").clusters.map(({ name }) => name)).toEqual(["coruscant", "hoth"]);
  });

  it("are refused by a name that is near another", () => {
    expect(() => loadScene("starwars")).toThrow(
      /known are mesh, shop, star-wars, storm.*star-wars/,
    );
  });
});

describe("parseScene", () => {
  const head = "name: x\nclusters:\n  - name: default\n    nodes: [one, two]\n";

  it("tells line, key and mend of what is wrong", () => {
    expect(problem("name: x\n")).toContain("a scene needs a cluster");
    expect(problem(`${head}workload: []\n`)).toMatch(/^scene\.yaml:5: .*unknown key "workload"/);
    expect(problem(`${head}workloads:\n  - name: a\n    nodes: [tow]\n`)).toMatch(
      /^scene\.yaml:7: .*there is no node "tow" in the scene.*two/,
    );
    expect(
      problem(
        `${head}workloads:\n  - name: a\ntraffic:\n  - from: default/b\n    perSecond: 1\n    ping: a\n`,
      ),
    ).toContain('there is no workload "default/b"');
    expect(
      problem(`${head}workloads:\n  - name: a\ntraffic:\n  - from: default/a\n    perSecond: 1\n`),
    ).toContain("want exactly one of curl, ping");
  });

  it("finds when it is loaded what would only show when it is played", () => {
    const check = (text: string, want: RegExp) => expect(problem(`${head}${text}`)).toMatch(want);
    const traffic = "workloads:\n  - name: a\ntraffic:\n  - from: default/a\n    perSecond: 1\n";
    check("services:\n  - name: s\n    ports: [{ port: 80, targetPort: 0 }]\n", /:7: .*targetPort/);
    check("services: [{ name: s, ports: [{ port: 70000 }] }]\n", /port from 1 to 65535/);
    check("workloads:\n  - name: a\n  - name: a\n", /:7: .*default\/a .*is there twice/);
    check(`${traffic}    curl: [--nonsense, x]\n`, /:10: traffic\[0\]\.curl: .*--nonsense/);
    check(`${traffic}    websocket: nowhere\n`, /want a URL as ws:\/\/HOST\//);
    check("pace: quik\n", /want one of quick, real, have "quik"; did you mean "quick"/);
    check("services: [{ name: s, dualStack: true, ports: [{ port: 80 }] }]\n", /`ipv6: true`/);
  });

  it("names the line of a fault within a policy's text", () => {
    const policy = "policies:\n  - file: p.yaml\n    text: |\n      kind: Foo\n      x: y\n";
    expect(problem(`${head}${policy}`)).toMatch(/^scene\.yaml:8: policies\[0\]\.text: p\.yaml:1: /);
    const inline = 'policies:\n  - file: p.yaml\n    text: "kind: Foo"\n';
    expect(problem(`${head}${inline}`)).toMatch(/^scene\.yaml:7: /);
  });

  it("refuses more pods than a node has addresses", () => {
    expect(problem(`${head}workloads:\n  - name: a\n    replicas: 501\n`)).toContain(
      "node one has no room for more than 250 pods",
    );
  });

  it("fills in what is left out", () => {
    const scene = parseScene(
      `${head}workloads:\n  - name: a\n    kind: DaemonSet\nservices:\n  - name: s\n    ports: [{port: 80}]\n`,
      "scene.yaml",
    );
    expect(scene.workloads[0]).toMatchObject({ replicas: 2, nodeNames: ["one", "two"] });
    expect(scene.services[0]).toMatchObject({
      clusterAddress: "10.96.1.1",
      clusterName: "default",
    });
    expect(scene.services[0]?.ports[0]).toMatchObject({ targetPort: 80, protocol: "TCP" });
  });
});
