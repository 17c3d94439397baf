import { describe, expect, it } from "vitest";
import { parsePolicies } from "../../policy/policy-parse.ts";
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
