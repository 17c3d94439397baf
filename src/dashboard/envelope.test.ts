import { describe, expect, it } from "vitest";
import { applyFilters, filterText, parseFilters } from "./adhoc-filters.ts";
import { annotationEvents, isShownOn } from "./annotations.ts";
import { parseDashboard } from "./dashboard.ts";
import type { AnnotationQuery } from "./model.ts";
import { safeUrl } from "./safe-url.ts";

const element = (id: number, title: string, spec = {}) => ({
  kind: "Panel",
  spec: {
    id,
    title,
    data: {
      kind: "QueryGroup",
      spec: {
        queries: [
          {
            kind: "PanelQuery",
            spec: {
              refId: "A",
              hidden: false,
              query: {
                kind: "DataQuery",
                group: "prometheus",
                spec: { expr: "up", legendFormat: "l" },
              },
            },
          },
        ],
        transformations: [{ kind: "Transformation", group: "merge", spec: { options: {} } }],
        queryOptions: { maxDataPoints: 50 },
      },
    },
    vizConfig: {
      kind: "VizConfig",
      group: "stat",
      spec: { options: {}, fieldConfig: { defaults: { unit: "s" } } },
    },
    ...spec,
  },
});
const item = (name: string, x: number, y: number) => ({
  kind: "GridLayoutItem",
  spec: { x, y, width: 12, height: 6, element: { kind: "ElementReference", name } },
});

describe("a v2 resource", () => {
  const spec = {
    title: "Two",
    cursorSync: "Tooltip",
    timeSettings: { from: "now-2h", to: "now", autoRefresh: "30s", timezone: "utc" },
    variables: [
      {
        kind: "QueryVariable",
        spec: {
          name: "pod",
          hide: "hideVariable",
          refresh: "onTimeRangeChanged",
          sort: "numericalDesc",
          query: {
            kind: "DataQuery",
            group: "prometheus",
            spec: { query: "label_values(up, pod)" },
          },
          multi: true,
        },
      },
    ],
    elements: {
      a: element(1, "A"),
      b: element(2, "B"),
      c: { kind: "Widget", spec: { id: 3, title: "C" } },
    },
    layout: {
      kind: "GridLayout",
      spec: { items: [item("a", 0, 0), item("b", 12, 0), item("c", 0, 6)] },
    },
  };

  it("becomes the classic model: panels, queries, variables, time", () => {
    const { dashboard } = parseDashboard({ kind: "Dashboard", metadata: { name: "u2" }, spec });
    expect(dashboard).toMatchObject({
      uid: "u2",
      title: "Two",
      crosshair: "tooltip",
      timezone: "utc",
      refresh: "30s",
      time: { from: "now-2h" },
      panelCount: 3,
    });
    expect(dashboard.variables[0]).toMatchObject({
      name: "pod",
      type: "query",
      query: "label_values(up, pod)",
      refresh: "time",
      sort: 4,
      isHidden: true,
    });
    expect(dashboard.panels[0]).toMatchObject({
      type: "stat",
      maxDataPoints: 50,
      gridPos: { x: 0, y: 0, w: 12, h: 6 },
      targets: [{ refId: "A", expr: "up", legendFormat: "l" }],
      transformations: [{ id: "merge" }],
    });
  });

  it("says in its place what has no classic form", () => {
    const { dashboard } = parseDashboard({ spec });
    expect(dashboard.panels[2]).toMatchObject({ type: "text", title: "C" });
    expect(dashboard.panels[2]?.options["content"]).toContain('of the kind "Widget"');
  });

  it("lays rows and tabs out as rows; tabs but the first are folded", () => {
    const grid = { kind: "GridLayout", spec: { items: [item("a", 0, 0)] } };
    const auto = {
      kind: "AutoGridLayout",
      spec: {
        maxColumnCount: 2,
        items: ["a", "b", "a"].map((name) => ({
          kind: "AutoGridLayoutItem",
          spec: { element: { name } },
        })),
      },
    };
    const rows = {
      kind: "RowsLayout",
      spec: { rows: [{ kind: "RowsLayoutRow", spec: { title: "R", layout: auto } }] },
    };
    const layout = {
      kind: "TabsLayout",
      spec: {
        tabs: [
          { kind: "TabsLayoutTab", spec: { title: "One", layout: grid } },
          { kind: "TabsLayoutTab", spec: { title: "Two", layout: grid } },
          { kind: "TabsLayoutTab", spec: { title: "Three", layout: rows } },
        ],
      },
    };
    const { dashboard } = parseDashboard({ spec: { ...spec, layout } });
    const shapes = dashboard.panels.map(
      ({ type, title, gridPos, panels }) =>
        `${type} ${title} ${gridPos.x},${gridPos.y} ${panels.length}`,
    );
    expect(shapes).toEqual([
      "row One 0,0 0",
      "stat A 0,1 0",
      "row Two 0,7 1",
      "row Three / R 0,8 0",
      "stat A 0,9 0",
      "stat B 12,9 0",
      "stat A 0,17 0",
    ]);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(7);
  });
});

describe("a dashboard shared externally", () => {
  it("has its library panels inlined and its inputs filled", () => {
    const { dashboard } = parseDashboard({
      __inputs: [{ name: "VAR_NS", type: "constant", value: "kube-system" }],
      __elements: {
        lib: {
          name: "L",
          uid: "lib",
          model: { type: "gauge", title: "G", targets: [{ expr: 'up{ns="${VAR_NS}"}' }] },
        },
      },
      panels: [
        { id: 7, gridPos: { x: 3, y: 0, w: 6, h: 4 }, libraryPanel: { uid: "lib", name: "L" } },
        { id: 8, libraryPanel: { uid: "gone", name: "Gone" } },
      ],
    });
    expect(dashboard.panels[0]).toMatchObject({
      id: 7,
      type: "gauge",
      title: "G",
      gridPos: { x: 3 },
    });
    expect(dashboard.panels[0]?.targets[0]?.expr).toBe('up{ns="kube-system"}');
    expect(String(dashboard.panels[1]?.options["content"])).toContain("is not in the file");
  });
});

describe("annotations", () => {
  const query: AnnotationQuery = {
    name: "Deploys",
    kind: "samples",
    expr: "x",
    titleFormat: "{{app}}",
    textFormat: "",
    tagKeys: ["app"],
    color: "red",
    isEnabled: true,
    isHidden: false,
    usesValueForTime: false,
  };
  const series = (values: number[]) => [
    {
      labels: { app: "a" },
      timesMs: Float64Array.from(values, (_, index) => index * 10),
      values: Float64Array.from(values),
    },
  ];

  it("are regions of samples that are not zero", () => {
    const events = annotationEvents(query, series([0, 1, 1, 0, 1]), 10);
    expect(events.map(({ timeMs, endMs, title, tags }) => [timeMs, endMs, title, ...tags])).toEqual(
      [
        [10, 20, "a", "a"],
        [40, 40, "a", "a"],
      ],
    );
  });

  it("take a value for the time, or mark changes, and keep to their panels", () => {
    const byValue = { ...query, usesValueForTime: true };
    expect(annotationEvents(byValue, series([5000, 5000]), 10).map(({ timeMs }) => timeMs)).toEqual(
      [5000],
    );
    const changes = annotationEvents({ ...query, kind: "changes" }, series([3, 3, 4, 4]), 10);
    expect(changes.map(({ timeMs }) => timeMs)).toEqual([20]);
    expect(isShownOn({ panels: { ids: [1], isExcluded: true } }, 1)).toBe(false);
    expect(isShownOn({ panels: { ids: [1], isExcluded: false } }, 1)).toBe(true);
  });
});

describe("ad hoc filters", () => {
  it("go on every selector, whatever stands around it", () => {
    const filters = parseFilters(["pod|=~|a.*", "ns|=|x__gfp__y", "broken"]);
    expect(applyFilters('sum(rate(a{x="1"}[5m])) / on() (b or vector(1))', filters)).toBe(
      'sum(rate(a{ns="x|y",pod=~"a.*",x="1"}[5m])) / on () (b{ns="x|y",pod=~"a.*"} or vector(1))',
    );
    expect(filterText(filters[1] as (typeof filters)[number])).toBe("ns|=|x__gfp__y");
    expect(applyFilters("sum(", filters)).toBe("sum(");
  });
});

describe("links", () => {
  it("are followed only where nothing can run", () => {
    for (const bad of [
      "javascript:alert(1)",
      " java\tscript:alert(1)",
      "data:text/html,x",
      "//evil.example",
      "vbscript:x",
      "/\\evil",
    ])
      expect(safeUrl(bad)).toBeUndefined();
    expect(safeUrl("https://a.example/x?y")).toBe("https://a.example/x?y");
    expect(safeUrl("d/abc/some-slug?var-x=1")).toBe("/d/abc?var-x=1");
  });
});
