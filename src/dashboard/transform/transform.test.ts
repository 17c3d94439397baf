import { describe, expect, it } from "vitest";
import { createFrame, type Field, type FieldType, type Frame } from "../frame.ts";
import { applyTransformations } from "./apply-transformations.ts";

function column(name: string, values: unknown[], labels?: Record<string, string>): Field {
  const type: FieldType =
    name === "Time"
      ? "time"
      : typeof values.find((v) => v !== null) === "string"
        ? "string"
        : "number";
  return { name, type, config: {}, values, ...(labels === undefined ? {} : { labels }) };
}

function table(refId: string, ...fields: Field[]): Frame {
  return createFrame(fields, { refId });
}

/** One line a frame: its columns with their values. */
function show(frames: readonly Frame[]): string[] {
  return frames.map((frame) =>
    frame.fields
      .map(
        (field) =>
          `${field.config.displayName ?? field.name} ${[...field.values].map((v) => v ?? "-").join(",")}`,
      )
      .join(" | "),
  );
}

function run(frames: Frame[], ...steps: [string, Record<string, unknown>][]): string[] {
  const transformations = steps.map(([id, options]) => ({ id, options, isDisabled: false }));
  return show(applyTransformations(frames, transformations).frames);
}

const restarts = table("A", column("pod", ["a", "b"]), column("Value #A", [1, 2]));
const memory = table("B", column("pod", ["b", "c"]), column("Value #B", [20, 30]));
const rows = table(
  "A",
  column("ns", ["x", "y", "x"]),
  column("pod", ["p", "q", "r"]),
  column("v", [3, null, 1]),
);

describe("applyTransformations", () => {
  function check(id: string, options: Record<string, unknown>, frames: Frame[], ...want: string[]) {
    it(`${id} ${JSON.stringify(options)}`, () => expect(run(frames, [id, options])).toEqual(want));
  }
  check("merge", {}, [restarts, memory], "pod a,b,c | Value #A 1,2,- | Value #B -,20,30");
  check(
    "joinByField",
    { byField: "pod" },
    [restarts, memory],
    "pod a,b,c | Value #A 1,2,- | Value #B -,20,30",
  );
  check(
    "joinByField",
    { byField: "pod", mode: "inner" },
    [restarts, memory],
    "pod b | Value #A 2 | Value #B 20",
  );
  check(
    "joinByField",
    { byField: "pod", mode: "outerTabular" },
    [restarts, memory],
    "pod b,a,c | Value #A 2,1,- | Value #B 20,-,30",
  );
  check(
    "organize",
    { excludeByName: { ns: true }, indexByName: { v: 0 }, renameByName: { v: "n" } },
    [rows],
    "n 3,-,1 | pod p,q,r",
  );
  check(
    "renameByRegex",
    { regex: "Value #(.*)", renamePattern: "$1!" },
    [restarts],
    "pod a,b | A! 1,2",
  );
  check(
    "filterFieldsByName",
    { include: { names: ["v"], pattern: "/^n/" } },
    [rows],
    "ns x,y,x | v 3,-,1",
  );
  check("filterFields", { exclude: { id: "byType", options: "string" } }, [rows], "v 3,-,1");
  check("filterByRefId", { include: "B" }, [restarts, memory], "pod b,c | Value #B 20,30");
  check(
    "filterByValue",
    {
      type: "include",
      filters: [{ fieldName: "v", config: { id: "greater", options: { value: 0 } } }],
    },
    [rows],
    "ns x,x | pod p,r | v 3,1",
  );
  check(
    "filterByValue",
    {
      type: "exclude",
      match: "any",
      filters: [
        { fieldName: "v", config: { id: "isNull" } },
        { fieldName: "pod", config: { id: "regex", options: { value: "^r" } } },
      ],
    },
    [rows],
    "ns x | pod p | v 3",
  );
  check("limit", { limitField: -1 }, [rows], "ns x | pod r | v 1");
  check("sortBy", { sort: [{ field: "v" }] }, [rows], "ns y,x,x | pod q,r,p | v -,1,3");
  check(
    "groupBy",
    {
      fields: {
        ns: { operation: "groupby" },
        v: { operation: "aggregate", aggregations: ["sum", "last"] },
      },
    },
    [rows],
    "ns x,y | v (sum) 4,0 | v (last) 1,-",
  );
  check(
    "groupingToMatrix",
    { columnField: "ns", rowField: "pod", valueField: "v", emptyValue: "zero" },
    [rows],
    "pod\\ns p,q,r | x 3,0,1 | y 0,0,0",
  );
  check(
    "reduce",
    { reducers: ["max", "count"] },
    [table("A", column("Value", [1, 5], { pod: "a" }))],
    "Field a | Max 5 | Count 2",
  );
  check(
    "calculateField",
    { mode: "binary", binary: { left: "v", operator: "*", right: "2" }, replaceFields: true },
    [rows],
    "v * 2 6,0,2",
  );
  check(
    "calculateField",
    { mode: "reduceRow", reduce: { reducer: "max" }, alias: "top", replaceFields: true },
    [rows],
    "top 3,-,1",
  );
  check(
    "calculateField",
    { mode: "unary", unary: { operator: "ceil", fieldName: "x" } },
    [table("A", column("x", [1.2]))],
    "x 1.2 | ceil(x) 2",
  );
  check(
    "calculateField",
    {
      mode: "cumulativeFunctions",
      cumulative: { field: "v", reducer: "sum" },
      replaceFields: true,
    },
    [rows],
    "cumulative sum(v) 3,3,4",
  );
  check(
    "labelsToFields",
    {},
    [table("A", column("Value", [1, 2], { pod: "a" }))],
    "Value 1,2 | pod a,a",
  );
  check(
    "seriesToRows",
    {},
    [table("A", column("Time", [1, 2]), column("Value", [5, 6], { pod: "a" }))],
    "Time 2,1 | Metric a,a | Value 6,5",
  );
  check(
    "concatenate",
    {},
    [restarts, table("B", column("x", [9]))],
    "pod a,b | Value #A 1,2 | x 9,-",
  );
  check(
    "histogram",
    { bucketSize: 2 },
    [table("A", column("x", [1, 2, 3, 7]))],
    "xMin 0,2,6 | xMax 2,4,8 | x 1,2,1",
  );
  check(
    "convertFieldType",
    { conversions: [{ targetField: "s", destinationType: "number" }] },
    [table("A", column("s", ["1", "x", ""]))],
    "s 1,-,-",
  );
  check(
    "convertFieldType",
    {
      conversions: [
        { targetField: "s", destinationType: "time", dateFormat: "DD.MM.YYYY", timezone: "utc" },
      ],
    },
    [table("A", column("s", ["02.01.1970"]))],
    "s 86400000",
  );
  check(
    "formatString",
    { stringField: "s", outputFormat: "Camel Case" },
    [table("A", column("s", ["Kube system_pod"]))],
    "s kubeSystem_pod",
  );
  check(
    "filterByValue",
    {
      filters: [{ fieldName: "s", config: { id: "substring", options: { value: "KUBE" } } }],
      type: "include",
      match: "all",
    },
    [table("A", column("s", ["kube-system", null, "default"]))],
    "s kube-system",
  );
  check(
    "sortBy",
    { sort: [{ field: "s", desc: false }] },
    [table("A", column("s", [null, "b", "", "A"]))],
    "s A,b,-,",
  );
  check(
    "convertFieldType",
    { conversions: [{ targetField: "s", destinationType: "number" }] },
    [table("A", column("s", ["1,234", "", "x"]))],
    "s 1234,-,-",
  );
  check("transpose", {}, [restarts], "Field Value #A | Value 1 | Value 2");

  it("runs one after the other and skips what is disabled", () => {
    const transformations = [
      { id: "joinByField", options: { byField: "pod" }, isDisabled: false },
      { id: "limit", options: { limitField: 1 }, isDisabled: true },
      { id: "sortBy", options: { sort: [{ field: "pod", desc: true }] }, isDisabled: false },
    ];
    const { frames } = applyTransformations([restarts, memory], transformations);
    expect(show(frames)).toEqual(["pod c,b,a | Value #A -,2,1 | Value #B 30,20,-"]);
  });

  it("applies one to the frames its filter means", () => {
    const filter = { id: "byRefId", options: "B" };
    const limit = { id: "limit", options: { limitField: 1 }, isDisabled: false, filter };
    expect(show(applyTransformations([restarts, memory], [limit]).frames)).toEqual([
      "pod a,b | Value #A 1,2",
      "pod b | Value #B 20",
    ]);
  });

  it("says what it does not know and what has bad options", () => {
    const transformations = [
      { id: "nosuch", options: {}, isDisabled: false },
      { id: "renameByRegex", options: { regex: "(" }, isDisabled: false },
    ];
    const { frames, problems } = applyTransformations([restarts], transformations);
    expect(frames).toEqual([restarts]);
    expect(problems).toEqual([
      "the transformation nosuch is not known; its frames stay as they are",
      "the transformation renameByRegex cannot be applied: ( is no regular expression",
    ]);
  });
});
