import { describe, expect, it } from "vitest";
import { parseDashboard } from "./dashboard.ts";
import type { JsonObject } from "./json-reader.ts";
import type { Panel } from "./model.ts";

function parse(dashboard: JsonObject) {
  return parseDashboard({ title: "T", panels: [], ...dashboard });
}

/** The one panel of a dashboard. */
function panel(raw: JsonObject): Panel {
  return parse({ panels: [raw] }).dashboard.panels[0] as Panel;
}

describe("parseDashboard", () => {
  it("fills what the file leaves out", () => {
    const { dashboard, problems } = parse({});
    expect(dashboard).toMatchObject({
      title: "T",
      timezone: "browser",
      time: { from: "now-6h", to: "now" },
      refresh: "",
      crosshair: "off",
      panelCount: 0,
    });
    expect(problems).toEqual([]);
  });

  it("reads the envelopes of the API and of a v1 resource", () => {
    const inner = { title: "in", panels: [] };
    expect(parseDashboard({ dashboard: inner }).dashboard.title).toBe("in");
    expect(parseDashboard({ apiVersion: "x/v1", spec: inner }).dashboard.title).toBe("in");
  });

  it("keeps a panel of an unknown kind, whatever the kind is called", () => {
    for (const type of ["my-plugin", "constructor", "toString", "__proto__"]) {
      expect(panel({ type, options: { a: 1 } })).toMatchObject({ type, options: { a: 1 } });
    }
  });

  it("refuses what is no dashboard, and says why", () => {
    const refused = (json: unknown) => () => parseDashboard(json);
    expect(refused([])).toThrow(/the JSON is no object/);
    expect(refused({ title: "x" })).toThrow(/neither `panels` nor `rows`/);
  });

  it("reads the crosshair of old and new files", () => {
    expect(parse({ graphTooltip: 2 }).dashboard.crosshair).toBe("tooltip");
    expect(parse({ sharedCrosshair: true }).dashboard.crosshair).toBe("crosshair");
  });

  it("drops saved clones of repeats and says which annotations are not drawn", () => {
    const { dashboard, problems } = parse({
      panels: [{ id: 1 }, { id: 2, repeatPanelId: 1 }],
      annotations: { list: [{ builtIn: 1 }, { name: "deploys" }, { enable: false }] },
    });
    expect(dashboard.panels.map(({ id }) => id)).toEqual([1]);
    expect(problems).toEqual([
      'annotation "deploys" is not of Prometheus (no query) and is not drawn',
    ]);
    expect(dashboard.annotations.map(({ name }) => name)).toEqual([
      "Firing alerts",
      "Policy changes",
    ]);
  });

  it("counts panels of collapsed rows", () => {
    const row = { type: "row", collapsed: true, panels: [{ id: 3 }, { id: 4 }] };
    const { dashboard } = parse({ panels: [row, { id: 5, type: "text" }] });
    expect(dashboard.panelCount).toBe(3);
    expect(dashboard.panels[0]?.panels.map(({ id }) => id)).toEqual([3, 4]);
  });
});

describe("rows of old dashboards", () => {
  it("become a grid with headers where any row shows one", () => {
    const rows = [
      {
        title: "One",
        showTitle: true,
        height: "250px",
        panels: [{ span: 6 }, { span: 6 }, { span: 12 }],
      },
      { title: "Two", collapse: true, panels: [{ span: 4 }] },
    ];
    const { panels } = parseDashboard({ rows }).dashboard;
    const places = panels.map(({ type, gridPos: { x, y, w, h } }) => `${type} ${x},${y} ${w}x${h}`);
    expect(places).toEqual([
      "row 0,0 24x1",
      "timeseries 0,1 12x7",
      "timeseries 12,1 12x7",
      "timeseries 0,8 24x7",
      "row 0,15 24x1",
    ]);
    expect(panels[4]).toMatchObject({ isCollapsed: true, panels: [{ gridPos: { w: 8 } }] });
  });
});

describe("panels", () => {
  it("keep to the grid and divide repeats by old spans", () => {
    const { gridPos, maxPerRow } = panel({ gridPos: { x: 20, w: 30 }, minSpan: 5 });
    expect(gridPos).toEqual({ x: 0, y: 0, w: 24, h: 8 });
    expect(maxPerRow).toBe(4);
  });

  it("read targets of any age", () => {
    const { targets } = panel({
      targets: [
        { expr: "up", step: 30, hide: true },
        { refId: "Q", expr: "up", instant: true, format: "table", datasource: "Prom" },
      ],
    });
    expect(targets[0]).toMatchObject({
      refId: "A",
      isRange: true,
      isInstant: false,
      isHidden: true,
      intervalFactor: 1,
    });
    expect(targets[1]).toMatchObject({
      refId: "Q",
      isRange: false,
      isInstant: true,
      format: "table",
      datasource: { uid: "Prom" },
    });
  });

  it("read texts of any age", () => {
    expect(panel({ type: "text", mode: "html", content: "<b>" }).options).toMatchObject({
      mode: "html",
      content: "<b>",
    });
  });
});

describe("graph", () => {
  const graph = {
    type: "graph",
    yaxes: [{ format: "Bps", min: "0", logBase: 10, label: "in" }, { format: "short" }],
    fill: 2,
    stack: true,
    steppedLine: true,
    nullPointMode: "connected",
    legend: { show: true, values: true, avg: true, current: true, alignAsTable: true },
    tooltip: { shared: false, sort: 2 },
    aliasColors: { a: "#fff" },
    seriesOverrides: [
      { alias: "/out/", yaxis: 2, fill: 0 },
      { alias: "b", lines: false },
    ],
    thresholds: [{ value: 5, op: "gt", colorMode: "critical", line: true }],
  };

  it("becomes a timeseries with its axes, drawing and legend", () => {
    const { type, originalType, fieldConfig, options } = panel(graph);
    expect([type, originalType]).toEqual(["timeseries", "graph"]);
    expect(fieldConfig.defaults).toMatchObject({
      unit: "Bps",
      min: 0,
      thresholds: {
        steps: [
          { value: null, color: "transparent" },
          { value: 5, color: "red" },
        ],
      },
      custom: {
        axisLabel: "in",
        fillOpacity: 20,
        lineInterpolation: "stepAfter",
        spanNulls: true,
        stacking: { mode: "normal" },
        scaleDistribution: { type: "log", log: 10 },
        thresholdsStyle: { mode: "line" },
      },
    });
    expect(options).toMatchObject({
      legend: { displayMode: "table", calcs: ["mean", "lastNotNull"] },
      tooltip: { mode: "single", sort: "desc" },
    });
  });

  it("turns series overrides and alias colours into overrides", () => {
    const { overrides } = panel(graph).fieldConfig;
    const shown = overrides.map(({ matcher, properties }) => [
      matcher.id,
      matcher.options,
      ...properties.map(({ id }) => id),
    ]);
    expect(shown).toEqual([
      ["byName", "a", "color"],
      ["byRegexp", "/out/", "custom.axisPlacement", "unit", "custom.fillOpacity"],
      ["byName", "b", "custom.lineWidth"],
    ]);
  });

  it("becomes bars or a histogram by its x axis", () => {
    const by = (mode: string, values: boolean) =>
      panel({ type: "graph", xaxis: { mode, values: ["total"] }, legend: { values } }).type;
    expect([by("series", true), by("series", false), by("histogram", false)]).toEqual([
      "bargauge",
      "barchart",
      "histogram",
    ]);
  });
});

describe("singlestat", () => {
  it("becomes a stat or a gauge", () => {
    const raw = {
      type: "singlestat",
      valueName: "max",
      format: "s",
      thresholds: "1,2",
      colors: ["green", "orange", "red"],
      colorBackground: true,
      sparkline: { show: true },
      valueMaps: [{ value: "null", text: "none" }],
      prefix: "~",
    };
    const stat = panel(raw);
    expect(stat.type).toBe("stat");
    expect(stat.options).toMatchObject({
      reduceOptions: { calcs: ["max"] },
      colorMode: "background",
      graphMode: "area",
    });
    expect(stat.fieldConfig.defaults).toMatchObject({
      unit: "s",
      thresholds: { steps: [{ value: null }, { value: 1 }, { value: 2, color: "red" }] },
      mappings: [{ type: "special", options: { match: "null", result: { text: "none" } } }],
    });
    expect(stat.problems).toHaveLength(1);
    const gauge = panel({ ...raw, gauge: { show: true, minValue: 0, maxValue: 9 } });
    expect(gauge).toMatchObject({ type: "gauge", fieldConfig: { defaults: { min: 0, max: 9 } } });
  });

  it("is not what a stat without options is", () => {
    expect(panel({ type: "stat" }).options).toEqual({});
  });

  it("of Grafana 6 has its fieldOptions moved", () => {
    const fieldOptions = {
      calcs: ["mean"],
      defaults: { unit: "s", title: "x", max: "10" },
      thresholds: [{ value: null, color: "red" }],
      mappings: [{ type: 1, value: "1", text: "up" }],
    };
    const { options, fieldConfig } = panel({ type: "gauge", options: { fieldOptions } });
    expect(options).toEqual({ reduceOptions: { calcs: ["mean"] } });
    expect(fieldConfig.defaults).toMatchObject({
      unit: "s",
      displayName: "x",
      max: 10,
      color: { mode: "thresholds" },
      mappings: [{ type: "value", options: { "1": { text: "up" } } }],
    });
  });
});

describe("field settings", () => {
  it("read overrides with mappings and links in the model's form", () => {
    const properties = [
      { id: "mappings", value: [{ type: 2, from: "1", to: "null", text: "r" }] },
      { id: "links", value: [{ title: "t", url: "/x", targetBlank: true }, { title: "none" }] },
      { id: "unit", value: null },
    ];
    const raw = {
      type: "stat",
      options: {},
      fieldConfig: { overrides: [{ matcher: { id: "byName", options: "a" }, properties }] },
    };
    const [override] = panel(raw).fieldConfig.overrides;
    expect(override?.properties.map(({ value }) => value)).toEqual([
      [{ type: "range", options: { from: 1, to: null, result: { text: "r" } } }],
      [{ title: "t", url: "/x", tooltip: "", opensNewTab: true }],
      null,
    ]);
  });
});

describe("variables", () => {
  const variable = (raw: JsonObject) =>
    parse({ templating: { list: [{ name: "v", ...raw }] } }).dashboard.variables[0];

  it("read queries of any age", () => {
    expect(variable({ type: "query", query: "label_values(x)" })?.query).toBe("label_values(x)");
    expect(variable({ query: { query: "label_values(y)", refId: "A" } })?.query).toBe(
      "label_values(y)",
    );
    expect(variable({ definition: "label_values(z)" })?.query).toBe("label_values(z)");
  });

  it("read what is chosen, one or several", () => {
    expect(variable({ current: { value: "a" } })?.current).toEqual(["a"]);
    expect(
      variable({ current: { value: ["$__all"] }, includeAll: true, allValue: "" }),
    ).toMatchObject({
      current: ["$__all"],
      includesAll: true,
    });
    expect(variable({})?.current).toEqual([]);
  });

  it("know intervals that follow the range and kinds they do not know", () => {
    expect(variable({ type: "interval", auto: true, auto_min: "5s" })?.auto).toEqual({
      stepCount: 30,
      minInterval: "5s",
    });
    expect(variable({ type: "switch" })?.type).toBe("other");
    expect(variable({ type: "constant", hide: 2 })?.isHidden).toBe(true);
  });
});
