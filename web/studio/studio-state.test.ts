import { describe, expect, it } from "vitest";
import {
  chooseHandler,
  optionValue,
  readStudioState,
  toggleHandler,
  writeOptions,
} from "./studio-state.ts";
import { diffLines, factorText, logShare } from "./studio-text.ts";

const enabled = ["dns", "drop:sourceContext=workload-name"];
const names = ["dns", "drop", "tcp", "httpV2"];

function at(query: string) {
  return readStudioState(new URLSearchParams(query), enabled, names);
}

/** The address after a change. */
function changedBy(query: string, change: Readonly<Record<string, string | null>>): string {
  const params = new URLSearchParams(query);
  for (const [name, value] of Object.entries(change)) {
    if (value === null) params.delete(name);
    else params.set(name, value);
  }
  return params.toString();
}

describe("the studio's state", () => {
  it("begins with what is enabled, at its first handler", () => {
    const state = at("");
    expect(state.handler).toBe("dns");
    expect(state.wanted).toEqual(enabled);
    expect(state.isChanged).toBe(false);
    expect(state.over).toBe("6h");
  });

  it("takes the handler and its options from the address, and switches it on with them", () => {
    const state = at("h=httpV2&opt=exemplars=true&over=1h");
    expect(state.wanted).toEqual([...enabled, "httpV2:exemplars=true"]);
    expect(state.options).toBe("exemplars=true");
    expect(at("h=drop&opt=").wanted).toEqual(["dns", "drop"]);
    expect(at("h=nope").handler).toBe("dns");
  });

  it("keeps a change when another handler is chosen", () => {
    const query = "h=httpV2&opt=exemplars=true";
    const next = at(changedBy(query, chooseHandler(at(query), "drop")));
    expect(next.handler).toBe("drop");
    expect(next.wanted).toEqual([...enabled, "httpV2:exemplars=true"]);
    const back = at(changedBy(query, chooseHandler(next, "httpV2")));
    expect(back.options).toBe("exemplars=true");
  });

  it("switches handlers on and off", () => {
    const off = changedBy("", toggleHandler(at(""), "drop"));
    expect(at(off).wanted).toEqual(["dns"]);
    expect(at(changedBy(off, toggleHandler(at(off), "drop"))).wanted).toEqual(enabled);
    const on = changedBy("", toggleHandler(at(""), "tcp"));
    expect(at(on).wanted).toEqual([...enabled, "tcp"]);
    expect(at(changedBy(on, toggleHandler(at(on), "tcp"))).wanted).toEqual(enabled);
  });

  it("switches on what is written", () => {
    const off = changedBy("h=drop", toggleHandler(at("h=drop"), "drop"));
    expect(at(changedBy(off, writeOptions(at(off), "sourceContext=pod"))).wanted).toEqual([
      "dns",
      "drop:sourceContext=pod",
    ]);
  });

  it("reads an option whatever its case, the last where it is repeated", () => {
    expect(optionValue("query;sourceContext=pod;SourceContext=ip", "sourcecontext")).toBe("ip");
    expect(optionValue("query", "query")).toBe("");
    expect(optionValue("", "query")).toBeUndefined();
  });
});

describe("the studio's texts", () => {
  it("marks lines that come and go", () => {
    const lines = diffLines("a\n- x\nc\n", "a\n- y\nc\nd\n").map(({ text, mark }) => mark + text);
    expect(lines).toEqual(["a", "+- y", "-- x", "c", "+d"]);
  });

  it("says how many times as many", () => {
    expect(factorText(670, 10)).toBe("\u00d767");
    expect(factorText(5, 10)).toBe("\u00d70.5");
    expect(factorText(5, 0)).toBe("");
    expect(logShare(999_999)).toBeCloseTo(1);
  });
});
