// @vitest-environment jsdom
import { cleanup, screen, within } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { FlowGroupsAnswer } from "../../src/api/wire/flows.ts";
import { renderPage } from "../testing/render-page.tsx";
// The page is a part of its own: loaded here, so that no test waits for it.
import "./overview-page.tsx";

// jsdom has no canvas: charts are told by their summary alone.
vi.mock("../charts/time-chart.tsx", () => ({
  TimeChart: ({ summary }: { readonly summary: string }) => <div role="img" aria-label={summary} />,
}));

afterEach(cleanup);

const flows = "/api/ciliascope/v1/flows";
const vector = (figures: Readonly<Record<string, number>>) => ({
  status: "success",
  data: {
    resultType: "vector",
    result: Object.entries(figures).map(([figure, value]) => ({
      metric: { figure },
      value: [1_768_498_868, String(value)],
    })),
  },
});
const matrix = (figures: Readonly<Record<string, number>>) => ({
  status: "success",
  data: {
    resultType: "matrix",
    result: Object.entries(figures).map(([figure, value]) => ({
      metric: { figure },
      values: [[1_768_498_868, String(value)]],
    })),
  },
});

function dropped(nowMs: number): FlowGroupsAnswer {
  return {
    fields: ["source", "destination", "destination-port", "drop-reason", "protocol", "type"],
    groups: [
      {
        values: ["default/xwing", "default/deathstar", "80", "POLICY_DENIED", "TCP", "L3_L4"],
        flows: 600,
        perSecond: 2,
        history: [600],
        firstMs: nowMs - 300_000,
        lastMs: nowMs,
        filter: "--from-pod default/xwing --to-pod default/deathstar",
        verdicts: { DROPPED: 600 },
      },
    ],
    buckets: { startMs: 0, stepMs: 1000, count: 1 },
    matched: 600,
    groupCount: 1,
    total: 900,
    tookMs: 1,
  } as unknown as FlowGroupsAnswer;
}

const completeness = { seen: 900, lost: 0, share: 1, nodes: [], off: [] };

describe("Overview", () => {
  it("says in a sentence what is dropped, and leads to the explanation", async () => {
    renderPage("/", {
      "/api/v1/query_range": matrix({ nodes: 3, endpoints: 127, ready: 127, drops: 2.1 }),
      "/api/v1/query": vector({ drops: 2.1 }),
      [`${flows}/groups`]: (url: URL) => dropped(Number(url.searchParams.get("until")) * 1000),
      [`${flows}/completeness`]: completeness,
    });
    expect(await screen.findByText("drops of xwing. The rest is quiet.")).toBeTruthy();
    const findings = screen.getByRole("region", { name: "What needs you" });
    const line = within(findings).getByRole("link", { name: /xwing → deathstar :80/ });
    expect(line.getAttribute("href")).toMatch(/^\/flows\?/);
    const who = screen.getByRole("table", { name: "Dropped flows by source and destination" });
    expect(within(who).getByText("default/deathstar :80")).toBeTruthy();
  });

  it("calls zero a true zero only where all flows were seen", async () => {
    renderPage("/", {
      "/api/v1/query_range": matrix({ nodes: 3 }),
      "/api/v1/query": vector({}),
      [`${flows}/groups`]: { ...dropped(0), groups: [], matched: 0 },
      [`${flows}/completeness`]: completeness,
    });
    expect(await screen.findByText(/so this is a true zero/)).toBeTruthy();
  });

  it("says that the server is gone", async () => {
    const gone = () => new Response("", { status: 502 });
    renderPage("/", {
      "/api/": gone,
      "/api/v1/": gone,
      "/api/ciliascope/v1/status": gone,
    });
    expect((await screen.findByRole("alert")).textContent).toContain("The server does not answer.");
  });
});
