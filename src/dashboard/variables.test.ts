import { describe, expect, it } from "vitest";
import {
  interpolate,
  urlVariables,
  type VariableScope,
  type VariableState,
} from "./interpolate.ts";
import { utcZone } from "./time-zone.ts";
import { readVariable } from "./variable.ts";
import { formatPrometheus, formatPrometheusQuoted } from "./variable-format.ts";
import {
  chooseValues,
  customOptions,
  queryOptions,
  sortOptions,
  staticOptions,
  toVariableState,
} from "./variable-options.ts";
import { dependentVariables, variableOrder } from "./variable-order.ts";
import {
  filterMetricNames,
  parseVariableQuery,
  queryResultOptions,
  seriesOptions,
} from "./variable-query.ts";

const states: VariableState[] = [
  { name: "ns", value: "kube-system", text: "Kube" },
  { name: "pod", value: ["a.1", "b"], isMulti: true },
  { name: "node", value: "$__all", includesAll: true, options: [{ value: "n1" }, { value: "n2" }] },
  { name: "every", value: ["$__all"], isMulti: true, includesAll: true, allValue: "$ns.*" },
  { name: "step", value: "$__auto", auto: { stepCount: 10, minInterval: "1m" } },
];
const scope: VariableScope = {
  variables: new Map(states.map((state) => [state.name, state])),
  scoped: { __interval: { value: "15s" }, point: { value: { a: [{ "x.y": 7 }] } } },
  range: { fromMs: 1_700_000_000_000, toMs: 1_700_003_600_000 },
  zone: utcZone,
};

describe("interpolate", () => {
  function check(text: string, want: string) {
    it(`writes ${text}`, () => expect(interpolate(text, scope)).toBe(want));
  }
  check("up{ns='$ns'}", "up{ns='kube-system'}");
  check("$pod [[pod:pipe]] ${pod:text}", "{a.1,b} a.1|b a.1 + b");
  check("$node/${node:text}", "{n1,n2}/All");
  check("$every", "kube-system.*");
  check("rate(x[$__interval]) $step", "rate(x[15s]) 5m");
  check('${point.a[0]["x.y"]} ${point.none}|', "7 |");
  check("$unknown ${unknown:csv} $5", "$unknown ${unknown:csv} $5");
  check("${__from:date:YYYY-MM-DD} ${__to:date:seconds}", "2023-11-14 1700003600");
  check("?${ns:queryparam}&${node:queryparam}", "?var-ns=kube-system&var-node=$__all");

  it("ends where an allValue names itself", () => {
    const loop: VariableState = { name: "x", value: "$__all", allValue: "$x" };
    expect(interpolate("$x", { variables: new Map([["x", loop]]) })).toBe("$x");
  });

  it("writes choices into links, constants not", () => {
    expect(urlVariables([...states, { name: "c", value: "1", isOutOfUrl: true }])).toBe(
      "var-ns=kube-system&var-pod=a.1&var-pod=b&var-node=$__all&var-every=$__all&var-step=$__auto",
    );
  });
});

describe("formatPrometheus", () => {
  const plain = { name: "x", isMulti: false, includesAll: false, text: "" };
  const multi = { ...plain, isMulti: true };

  it("escapes for a quoted regexp where several may be chosen", () => {
    expect(formatPrometheus(["a.b", "c"], multi, [])).toBe("(a\\\\.b|c)");
    expect(formatPrometheus("a.b", multi, [])).toBe("a\\\\.b");
    expect(formatPrometheus([], multi, [])).toBe("()");
  });

  it("escapes only what breaks a string otherwise", () => {
    expect(formatPrometheus("a.b\\c", plain, [])).toBe("a.b\\\\c");
    expect(formatPrometheusQuoted('a"b', plain, [])).toBe('a\\"b');
    expect(formatPrometheusQuoted('job="a"', plain, [])).toBe('job="a"');
  });
});

describe("parseVariableQuery", () => {
  it("reads the functions of the Prometheus data source", () => {
    expect(parseVariableQuery("label_values(up, job)")).toEqual({
      kind: "labelValues",
      label: "job",
      match: "up",
    });
    expect(parseVariableQuery('label_values(up{a="x,y", b="z"},job)')).toMatchObject({
      match: 'up{a="x,y", b="z"}',
    });
    expect(parseVariableQuery("label_values(pod) ")).toEqual({ kind: "labelValues", label: "pod" });
    expect(parseVariableQuery("label_names()")).toEqual({ kind: "labelNames" });
    expect(parseVariableQuery("metrics(cilium_.*)")).toEqual({
      kind: "metricNames",
      pattern: "cilium_.*",
    });
    expect(parseVariableQuery("query_result(sum(up) > 0)")).toEqual({
      kind: "queryResult",
      expr: "sum(up) > 0",
    });
    expect(parseVariableQuery("up{job='x'}")).toEqual({ kind: "series", match: "up{job='x'}" });
    expect(parseVariableQuery(" ")).toEqual({ kind: "none" });
  });

  it("makes options of answers", () => {
    const metric = { __name__: "up", job: "x" };
    const vector = { resultType: "vector", result: [{ metric, value: [1.5, "1"] }] };
    expect(queryResultOptions(vector)[0]?.text).toBe('up{job="x"} 1 1500');
    expect(seriesOptions([metric])[0]?.value).toBe('up{job="x"}');
    expect(filterMetricNames(["a_b", "c"], "^a")).toEqual(["a_b"]);
  });
});

describe("options", () => {
  it("reads lists with escaped commas and texts", () => {
    expect(customOptions("a, b\\,c , Long : short")).toEqual([
      { text: "a", value: "a" },
      { text: "b,c", value: "b,c" },
      { text: "Long", value: "short" },
    ]);
  });

  it("keeps what the regexp captures", () => {
    const pick = (regex: string, found: string[]) =>
      queryOptions({ regex, sort: 0 }, found).options.map(({ text, value }) => `${text}=${value}`);
    expect(pick('/job="(.*?)"/', ['up{job="a"}', 'up{job="b"}', "up"])).toEqual(["a=a", "b=b"]);
    expect(pick("/(?<text>\\w+)-(?<value>\\d+)/", ["x-1", "y-2"])).toEqual(["x=1", "y=2"]);
    expect(pick("/(\\d)/g", ["1 2"])).toEqual(["1=1", "2=2"]);
    expect(pick("a", ["a", "ab"])).toEqual(["a=a"]);
  });

  it("says that a regexp is none and keeps all", () => {
    const { options, problem } = queryOptions({ regex: "/(/", sort: 0 }, ["a"]);
    expect(options).toHaveLength(1);
    expect(problem).toContain("/(/");
  });

  it("sorts in Grafana's nine ways", () => {
    const sorted = (sort: number, ...texts: string[]) =>
      sortOptions(
        texts.map((text) => ({ text, value: text })),
        sort,
      )
        .map(({ text }) => text)
        .join();
    expect(sorted(0, "b", "a")).toBe("b,a");
    expect(sorted(1, "b", "a", "B")).toBe("B,a,b");
    expect(sorted(4, "n2", "n10", "x")).toBe("n10,n2,x");
    expect(sorted(5, "b", "A")).toBe("A,b");
    expect(sorted(7, "n10", "n2")).toBe("n2,n10");
  });

  it("offers data sources of the kind that is asked for", () => {
    const variable = readVariable({ name: "ds", type: "datasource", query: "prometheus" });
    const sources = [
      { name: "Metrics", uid: "m", type: "prometheus" },
      { name: "Logs", uid: "l", type: "loki" },
    ];
    expect(staticOptions(variable, sources).options).toEqual([{ text: "Metrics", value: "m" }]);
  });
});

describe("chooseValues", () => {
  const options = ["a", "b"].map((value) => ({ text: value.toUpperCase(), value }));
  const single = readVariable({ name: "v", type: "query", query: "x" });
  const withAll = readVariable({
    name: "v",
    type: "query",
    query: "x",
    includeAll: true,
    multi: true,
  });

  it("takes the wanted values that exist, by value or by text", () => {
    expect(chooseValues(single, options, ["b"])).toEqual(["b"]);
    expect(chooseValues(single, options, ["B"])).toEqual(["b"]);
    expect(chooseValues(withAll, options, ["a", "gone", "b"])).toEqual(["a", "b"]);
    expect(chooseValues(withAll, options, ["All"])).toEqual(["$__all"]);
  });

  it("falls back to All, then to the first", () => {
    expect(chooseValues(withAll, options, ["gone"])).toEqual(["$__all"]);
    expect(chooseValues(single, options, ["gone"])).toEqual(["a"]);
    expect(chooseValues(single, [], [])).toEqual([]);
  });

  it("keeps any text of a textbox", () => {
    const textbox = readVariable({ name: "t", type: "textbox", query: "start" });
    expect(chooseValues(textbox, [], [])).toEqual(["start"]);
    expect(chooseValues(textbox, [], ["typed"])).toEqual(["typed"]);
  });

  it("gives interpolate what it needs", () => {
    const state = toVariableState(withAll, ["a"], options);
    expect(interpolate("$v ${v:text}", { variables: new Map([["v", state]]) })).toBe("a A");
  });
});

describe("variableOrder", () => {
  const read = (name: string, query: string) => readVariable({ name, type: "query", query });
  const chain = [
    read("pod", "label_values(up{ns='$ns'}, pod)"),
    read("ns", 'label_values(up{cluster="[[cluster]]"}, ns)'),
    read("cluster", "label_values(cluster)"),
    read("other", "label_values(x)"),
  ];

  it("reads a variable after those it depends on", () => {
    expect(variableOrder(chain).map(({ name }) => name)).toEqual(["cluster", "ns", "pod", "other"]);
  });

  it("names all that a change touches", () => {
    expect(dependentVariables("cluster", chain).map(({ name }) => name)).toEqual(["ns", "pod"]);
  });

  it("ends for a circle", () => {
    expect(variableOrder([read("a", "$b"), read("b", "$a")])).toHaveLength(2);
  });
});
