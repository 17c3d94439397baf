import { describe, expect, it } from "vitest";
import {
  type DroppedPair,
  type FindingInput,
  findFindings,
  overviewSentence,
  reasonWords,
} from "./findings.ts";

const pair = (source: string, over: Partial<DroppedPair> = {}): DroppedPair => ({
  source,
  destination: "default/deathstar",
  port: "80",
  reason: "POLICY_DENIED",
  isL7: false,
  protocol: "TCP",
  flows: 100,
  perSecond: 2.1,
  firstMs: 1000,
  lastMs: 2000,
  filter: `--from-pod ${source}`,
  because: undefined,
  isOver: false,
  ...over,
});
const quiet: FindingInput = {
  pairs: [],
  drops: { now: 0, usual: 0 },
  dns: { now: 0.01, usual: 0.01 },
  importErrors: 0,
  completeness: { seen: 10, lost: 0, share: 1, nodes: [], off: [] },
  unreachable: [],
  endpoints: [{ state: "ready", count: 8 }],
  unmanaged: 0,
  targetsDown: [],
  sources: [],
  alerts: [],
};

describe("findings", () => {
  it("tell drops and L7 denials with the way on", () => {
    const findings = findFindings({
      ...quiet,
      pairs: [
        pair("default/xwing", { because: "Default deny from rule1." }),
        pair("default/tiefighter", { isL7: true, reason: "", protocol: "HTTP", perSecond: 0.5 }),
      ],
      drops: { now: 2, usual: undefined },
    });
    expect(findings.map(({ severity, title }) => `${severity} ${title}`)).toEqual([
      "crit xwing → deathstar :80 is being dropped, 2.10/s.",
      "warn tiefighter → deathstar :80: HTTP requests are denied, 0.50/s.",
    ]);
    expect(findings[0]?.reason).toBe("Default deny from rule1.");
    expect(findings[0]?.way.path).toBe(
      "/flows?q=--verdict%20DROPPED%20--from-pod%20default%2Fxwing",
    );
    expect(overviewSentence(findings, { share: 1, flows: 10, dropped: 9 })).toEqual({
      head: "Two things need you:",
      tail: "drops of xwing and L7 denials of tiefighter. The rest is quiet.",
    });
  });

  it("call drops that are as usual a warning, and leave out those that ended", () => {
    const findings = findFindings({
      ...quiet,
      pairs: [pair("default/xwing"), pair("default/old", { isOver: true })],
      drops: { now: 2, usual: 1.9 },
    });
    expect(findings.map(({ severity }) => severity)).toEqual(["warn"]);
  });

  it("name four pairs and count the rest", () => {
    const findings = findFindings({
      ...quiet,
      pairs: Array.from({ length: 6 }, (_, index) => pair(`default/pod${index}`)),
    });
    expect(findings).toHaveLength(5);
    expect(findings.at(-1)?.title).toBe("2 more pairs are dropped.");
  });

  it("put firing critical alerts and unreachable nodes first, pending alerts last as coming up", () => {
    const alert = {
      labels: { alertname: "Down", severity: "critical" },
      annotations: {},
      value: "1",
    };
    const findings = findFindings({
      ...quiet,
      alerts: [
        { ...alert, state: "pending" },
        { ...alert, state: "firing" },
      ],
      unreachable: [{ node: "worker2", count: 1 }],
      importErrors: 1,
    });
    expect(findings.map(({ severity }) => severity)).toEqual(["crit", "crit", "crit", "soon"]);
    expect(overviewSentence(findings, { share: 1, flows: 1, dropped: 0 }).head).toBe(
      "Three things need you, one is coming up:",
    );
  });

  it("name the nodes that miss the most others and count the rest", () => {
    const unreachable = [1, 1, 2, 1, 5, 1].map((count, index) => ({ node: `w${index}`, count }));
    const titles = findFindings({ ...quiet, unreachable }).map(({ title }) => title);
    expect(titles).toEqual([
      "w4 cannot reach 5 nodes.",
      "w2 cannot reach 2 nodes.",
      "w0 cannot reach one node.",
      "w1 cannot reach one node.",
      "2 more nodes cannot reach others.",
    ]);
  });

  it("name the node that loses flows, the cause and the mend", () => {
    const lost = { PERF_EVENT_RING_BUFFER: 19 };
    const nodes = [{ node: "default/w2", seen: 81, lost, share: 0.81, mend: "Raise it." }];
    const [finding] = findFindings({
      ...quiet,
      completeness: { seen: 81, lost: 19, share: 0.81, nodes, off: [] },
    });
    expect(finding?.title).toBe("Hubble sees 81 % of flows on w2.");
    expect(finding?.reason).toBe("Flows are lost in the kernel's perf ring buffer. Raise it.");
  });

  it("say a true zero only where all was seen", () => {
    expect(overviewSentence([], { share: 1, flows: 5, dropped: 0 }).tail).toContain("true zero");
    expect(overviewSentence([], { share: 1, flows: 5, dropped: 955 }).tail).toBe(
      "Flows were dropped in this window (955), but none lately.",
    );
    expect(overviewSentence([], { share: 0.97, flows: 5, dropped: 0 }).tail).toContain("97.0 %");
    expect(overviewSentence([], { share: undefined, flows: undefined, dropped: 0 }).tail).toBe(
      "No flows came in this window, so drops may be unseen.",
    );
  });

  it("spell drop reasons as words", () => {
    expect(reasonWords("STALE_OR_UNROUTABLE_IP")).toBe("Stale or unroutable ip.");
  });
});
