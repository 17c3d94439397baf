import { expect, it } from "vitest";
import { parseDashboard } from "./dashboard.ts";

const styles = [
  { pattern: "Time", type: "date", alias: "When", dateFormat: "YYYY-MM-DD" },
  { pattern: "/^Val/", type: "number", unit: "s", decimals: 1, colorMode: "cell" },
  { pattern: "__name__", type: "hidden", unit: "short" },
  {
    pattern: "pod",
    type: "string",
    link: true,
    linkUrl: "/flows?pod=${__cell}&ns=$__cell_2",
    linkTooltip: "Flows of $__cell",
  },
  {
    pattern: "/.*/",
    type: "number",
    unit: "bytes",
    thresholds: ["5", "10"],
    colors: ["a", "b", "c"],
  },
];

function read(extra: object) {
  const { dashboard } = parseDashboard({
    title: "T",
    panels: [{ id: 1, type: "table", ...extra }],
  });
  const [panel] = dashboard.panels;
  if (panel === undefined) throw new Error("no panel");
  return panel;
}

it("makes overrides of an old table's styles and defaults of the style of all columns", () => {
  const { fieldConfig } = read({ styles });
  expect(fieldConfig.defaults.unit).toBe("bytes");
  expect(fieldConfig.defaults.thresholds?.steps.map(({ color }) => color)).toEqual(["a", "b", "c"]);
  expect(fieldConfig.overrides.map(({ matcher }) => `${matcher.id} ${matcher.options}`)).toEqual([
    "byName Time",
    "byRegexp /^Val/",
    "byName __name__",
    "byName pod",
  ]);
  expect(fieldConfig.overrides.map(({ properties }) => properties)).toEqual([
    [
      { id: "displayName", value: "When" },
      { id: "unit", value: "time: YYYY-MM-DD" },
    ],
    [
      { id: "unit", value: "s" },
      { id: "decimals", value: 1 },
      { id: "custom.cellOptions", value: { type: "color-background" } },
    ],
    [{ id: "custom.hidden", value: true }],
    [
      {
        id: "links",
        value: [
          {
            title: "Flows of ${__value.text}",
            url: "/flows?pod=${__value.text}&ns=${__data.fields[2]}",
            tooltip: "",
            opensNewTab: false,
          },
        ],
      },
    ],
  ]);
});

it("lays series out as the old table did", () => {
  const columns = [
    { text: "Avg", value: "avg" },
    { text: "Max", value: "max" },
  ];
  const ids = [
    "table",
    "timeseries_to_rows",
    "timeseries_to_columns",
    "timeseries_aggregations",
  ].map((transform) => read({ styles, columns, transform }).transformations[0]);
  expect(ids.map((one) => one?.id)).toEqual(["merge", "seriesToRows", "seriesToColumns", "reduce"]);
  expect(ids[3]?.options["reducers"]).toEqual(["mean", "max"]);
});

it("leaves a table of today alone, whatever styles it still carries", () => {
  const fieldConfig = { defaults: { unit: "m" }, overrides: [] };
  expect(read({ styles, fieldConfig }).fieldConfig).toMatchObject(fieldConfig);
});
