// @vitest-environment jsdom
import { cleanup, fireEvent, screen, waitFor } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import { type Answers, renderPage } from "../testing/render-page.tsx";

afterEach(cleanup);

const panel = (id: number, type: string, title: string, extra = {}) => ({
  id,
  type,
  title,
  gridPos: { x: 0, y: id * 4, w: 12, h: 4 },
  ...extra,
});
const targets = [{ refId: "A", expr: 'sum(drops{pod=~"$pod"})', legendFormat: "" }];
const dashboard = {
  uid: "x",
  title: "Test board",
  schemaVersion: 39,
  time: { from: "now-5m", to: "now" },
  templating: {
    list: [
      {
        name: "pod",
        type: "query",
        query: "label_values(drops, pod)",
        multi: true,
        includeAll: true,
        current: { value: ["$__all"] },
      },
    ],
  },
  panels: [
    panel(1, "stat", "Drops for $pod", {
      targets,
      fieldConfig: { defaults: { unit: "suffix: p/s" } },
    }),
    panel(2, "text", "About", { options: { mode: "markdown", content: "**Bold** words" } }),
    panel(3, "geomap", "Map", { targets }),
    {
      id: 4,
      type: "row",
      title: "Folded",
      collapsed: true,
      gridPos: { x: 0, y: 20, w: 24, h: 1 },
      panels: [panel(5, "text", "Inside", { options: { content: "inner" } })],
    },
  ],
};
const summary = { uid: "x", title: "Test board", tags: [], source: "imported", panelCount: 4 };

function answers(query: Answers[string]): Answers {
  return {
    "/api/ciliascope/v1/dashboards/x": { dashboard, summary },
    "/api/v1/label/pod/values": { status: "success", data: ["a.1", "b"] },
    "/api/v1/label/__name__/values": { status: "success", data: ["up"] },
    "/api/v1/query_range": query,
  };
}
const series = {
  status: "success",
  data: {
    resultType: "matrix",
    result: [
      {
        metric: {},
        values: [
          [1, "2.5"],
          [3, "4.25"],
        ],
      },
    ],
  },
};

describe("a dashboard", () => {
  it("draws its panels and says which kind it does not draw yet", async () => {
    const { asked } = renderPage("/d/x", answers(series));
    expect(await screen.findByText("4.25")).toBeTruthy();
    expect(screen.getByRole("article", { name: "Drops for All" })).toBeTruthy();
    expect((await screen.findByText("Bold")).tagName).toBe("STRONG");
    expect(screen.getByText("This panel kind (geomap) is not drawn yet.")).toBeTruthy();
    const query = asked.find((url) => url.startsWith("/api/v1/query_range?query=sum%28drops"));
    expect(new URL(query ?? "", "http://x").searchParams.get("query")).toBe(
      'sum(drops{pod=~"(a\\\\.1|b)"})',
    );
  });

  it("keeps choices in the address and asks anew", async () => {
    const { router, asked } = renderPage("/d/x", answers(series));
    fireEvent.click(await screen.findByRole("button", { name: "pod: All" }));
    fireEvent.click(screen.getByRole("button", { name: "b" }));
    expect(router.location.params.getAll("var-pod")).toEqual(["b"]);
    await waitFor(() => expect(asked.some((url) => url.includes("pod%3D%7E%22b%22"))).toBe(true));
    expect(await screen.findByRole("article", { name: "Drops for b" })).toBeTruthy();
  });

  it("folds and unfolds rows", async () => {
    renderPage("/d/x", answers(series));
    const row = await screen.findByRole("button", { name: /Folded/ });
    expect(row.getAttribute("aria-expanded")).toBe("false");
    expect(screen.queryByText("inner")).toBeNull();
    fireEvent.click(row);
    expect(await screen.findByText("inner")).toBeTruthy();
  });

  it("says on an empty panel what the doctor found, with its Helm line", async () => {
    const empty = { status: "success", data: { resultType: "matrix", result: [] } };
    renderPage("/d/x", {
      ...answers(empty),
      "/api/ciliascope/v1/doctor": {
        findings: [
          {
            refId: "A",
            cause: "label",
            what: "The label `query` does not exist on `drops`.",
            why: "The dns handler has it only with option `query`.",
            mend: "Give the handler the option.",
            subject: 'query="x"',
            helm: ['--set hubble.metrics.enabled="{dns:query}"'],
          },
        ],
      },
    });
    expect((await screen.findAllByText("query", { selector: "code" })).length).toBe(2);
    expect(screen.getByText('--set hubble.metrics.enabled="{dns:query}"')).toBeTruthy();
    expect(screen.getByRole("button", { name: "Copy Helm line" })).toBeTruthy();
  });

  it("shows a failed query with its reason and runs it again", async () => {
    let calls = 0;
    const failing = (url: URL) => {
      if (!url.searchParams.get("query")?.startsWith("sum(drops")) return series;
      calls++;
      return calls > 1
        ? series
        : Response.json(
            { status: "error", errorType: "execution", error: "too many samples" },
            { status: 422 },
          );
    };
    renderPage("/d/x", answers(failing));
    expect(await screen.findByText("too many samples")).toBeTruthy();
    fireEvent.click(screen.getByRole("button", { name: "Run again" }));
    expect(await screen.findByText("4.25")).toBeTruthy();
  });
});
