// @vitest-environment jsdom
import { cleanup, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { type Answers, renderPage } from "../testing/render-page.tsx";

afterEach(cleanup);

const script = "<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>";
const bad = "javascript:document.title='run'";
const link = { title: script, url: bad, targetBlank: true };
const place = (y: number) => ({ x: 0, y, w: 12, h: 4 });
const dashboard = {
  uid: "x",
  title: script,
  description: script,
  tags: [script],
  links: [{ ...link, type: "link" }],
  annotations: { list: [{ name: script, expr: "up", enable: true, iconColor: script }] },
  templating: {
    list: [{ name: "v", label: script, type: "custom", query: script, current: { value: script } }],
  },
  panels: [
    {
      id: 1,
      type: "text",
      title: script,
      gridPos: place(0),
      options: { mode: "html", content: `${script}<a href="${bad}">go</a>` },
    },
    {
      id: 2,
      type: "text",
      title: "md",
      gridPos: place(4),
      options: { mode: "markdown", content: `[go](${bad}) ${script}` },
    },
    { id: 3, type: script, title: "kind", gridPos: place(8), links: [link] },
    {
      id: 4,
      type: "table",
      title: "cells",
      gridPos: place(12),
      targets: [
        {
          refId: "A",
          expr: "up",
          instant: true,
          range: false,
          format: "table",
          legendFormat: script,
        },
      ],
      fieldConfig: { defaults: { unit: script, links: [link] }, overrides: [] },
    },
    {
      id: 5,
      type: "stat",
      title: "stat",
      gridPos: place(16),
      targets: [{ refId: "A", expr: "up", legendFormat: script }],
      options: { textMode: "value_and_name" },
    },
  ],
};
const metric = { __name__: "up", pod: script };
const answers: Answers = {
  "/api/ciliascope/v1/dashboards/x": {
    dashboard,
    summary: {
      uid: "x",
      title: script,
      tags: [script],
      source: "imported",
      panelCount: 5,
      version: 1,
    },
  },
  "/api/v1/query": {
    status: "success",
    data: { resultType: "vector", result: [{ metric, value: [1, "1"] }] },
  },
  "/api/v1/query_range": {
    status: "success",
    data: {
      resultType: "matrix",
      result: [
        {
          metric,
          values: [
            [1, "1"],
            [2, "1"],
          ],
        },
      ],
    },
  },
};

it("shows what a hostile dashboard holds as text and runs none of it", async () => {
  renderPage("/d/x", answers);
  await screen.findByRole("article", { name: "cells" });
  await waitFor(() => expect(screen.getAllByText(/unsafe address/).length).toBeGreaterThan(0));
  await screen.findAllByText(/onerror/);
  expect(document.querySelectorAll("[onerror], main script").length).toBe(0);
  const hrefs = [...document.querySelectorAll("a")].map((one) => one.getAttribute("href") ?? "");
  expect(hrefs.filter((href) => /^\s*javascript:/i.test(href))).toEqual([]);
  expect(document.title).not.toBe("run");
});
