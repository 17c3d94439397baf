import { describe, expect, it } from "vitest";
import { labelsFromObject } from "../model/labels.ts";
import { droppedTargetRoutes } from "./dropped-target-routes.ts";
import { testSources } from "./testing/test-app.ts";
import type { DroppedTargetsAnswer } from "./wire/dropped-targets.ts";

const configYaml = () => `scrape_configs:
- job_name: pods
  relabel_configs:
  - {source_labels: [__address__], regex: '(.+):\\d+', target_label: host}
  - {source_labels: [host, port], separator: '/', regex: 'a/.*', action: drop}
`;

async function ask(address: string, pool = "pods", query = ""): Promise<DroppedTargetsAnswer> {
  const sources = testSources({ configYaml });
  const discoveredLabels = labelsFromObject({ __address__: address, port: "9" });
  const targets = {
    ...sources.targets,
    droppedTargets: () => [{ discoveredLabels, scrapePool: pool }],
    droppedTargetCounts: () => ({ [pool]: 7 }),
  };
  const routes = droppedTargetRoutes({ ...sources, targets });
  const response = await routes.request(`/dropped-targets${query}`);
  return (await response.json()) as DroppedTargetsAnswer;
}

describe("dropped targets", () => {
  it("name the relabel config that dropped them, with the value it saw", async () => {
    const { targets, counts } = await ask("a:1");
    expect(targets[0]?.droppedBy).toEqual({
      index: 1,
      action: "drop",
      sourceLabels: ["host", "port"],
      value: "a/9",
      regex: "a/.*",
      targetLabel: "",
    });
    expect(counts).toEqual({ pods: 7 });
  });

  it("say nothing where the configuration in force would keep the target or has no such pool", async () => {
    expect((await ask("b:1")).targets[0]?.droppedBy).toBeNull();
    expect((await ask("a:1", "gone")).targets[0]?.droppedBy).toBeNull();
  });

  it("refuse a limit that is no number", async () => {
    expect(await ask("a:1", "pods", "?limit=x")).toHaveProperty("error");
  });
});
