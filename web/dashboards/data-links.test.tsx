// @vitest-environment jsdom
import { cleanup, screen, within } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { renderPage } from "../testing/render-page.tsx";

afterEach(cleanup);

/** As dashboards write it. */
const variable = (name: string) => `$\{${name}}`;
const link = {
  title: "Flows",
  url: `/flows?pod=${variable("__field.labels.pod")}&v=${variable("__value.raw")}`,
};
const cellLink = {
  title: "Pod",
  url: `https://a.example/${variable("__data.fields.pod")}?v=${variable("__value.raw")}`,
  targetBlank: true,
};
const panel = (id: number, type: string, links: object[], target: object) => ({
  id,
  type,
  title: type,
  gridPos: { x: 0, y: id * 4, w: 12, h: 4 },
  targets: [{ refId: "A", expr: "up", ...target }],
  fieldConfig: { defaults: { links }, overrides: [] },
});
const table = { instant: true, range: false, format: "table" };

function show(panels: object[]) {
  renderPage("/d/x", {
    "/api/ciliascope/v1/dashboards/x": {
      dashboard: { uid: "x", title: "X", panels },
      summary: { uid: "x", title: "X", tags: [], source: "imported", panelCount: 1, version: 1 },
    },
    "/api/v1/query": {
      status: "success",
      data: {
        resultType: "vector",
        result: [{ metric: { __name__: "up", pod: "a&b" }, value: [1, "7"] }],
      },
    },
    "/api/v1/query_range": {
      status: "success",
      data: { resultType: "matrix", result: [{ metric: { pod: "a&b" }, values: [[1, "7"]] }] },
    },
  });
}

it("leads on from a stat with the series' labels and its value", async () => {
  show([panel(1, "stat", [link], {})]);
  const stat = await screen.findByRole("article", { name: "stat" });
  const href = (await within(stat).findByRole("link")).getAttribute("href") ?? "";
  const { pathname, searchParams } = new URL(href, "http://x");
  expect(pathname).toBe("/flows");
  expect(searchParams.get("v")).toBe("7");
});

it("leads on from a table's cell with the row's other columns, in a tab of its own", async () => {
  show([panel(1, "table", [cellLink], table)]);
  const cell = await screen.findByRole("cell", { name: "7" });
  const anchor = within(cell).getByRole("link", { name: "7" });
  expect(anchor.getAttribute("href")).toContain("https://a.example/a");
  expect(anchor.getAttribute("href")).toContain("?v=7");
  expect(anchor.getAttribute("target")).toBe("_blank");
  expect(anchor.getAttribute("rel")).toContain("noopener");
});

it("shows a cell whose link would run as text", async () => {
  show([panel(1, "table", [{ title: "t", url: "javascript:alert(1)" }], table)]);
  const cell = await screen.findByRole("cell", { name: /^7/ });
  expect(within(cell).queryByRole("link")).toBeNull();
  expect(cell.textContent).toContain("unsafe address");
});
