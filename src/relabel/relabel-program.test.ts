import { describe, expect, it } from "vitest";
import { labelsFromObject } from "../model/labels.ts";
import { parseYamlDocument } from "../schema/yaml-document.ts";
import { compileRelabelConfigs } from "./relabel-program.ts";

function apply(yaml: string, labels: Record<string, string>): string {
  const program = compileRelabelConfigs(parseYamlDocument(yaml).value);
  return program.apply(labelsFromObject(labels))?.toString() ?? "dropped";
}

function problemOf(yaml: string): string {
  const document = parseYamlDocument(yaml, "prometheus.yml");
  try {
    compileRelabelConfigs(document.value, { document });
    return "none";
  } catch (thrown) {
    return (thrown as Error).message;
  }
}

describe("compileRelabelConfigs", () => {
  it("returns the same labels where there is nothing to do", () => {
    const labels = labelsFromObject({ a: "b" });
    expect(compileRelabelConfigs(null).apply(labels)).toBe(labels);
  });

  it("writes captured groups, named and numbered", () => {
    const yaml =
      "[{source_labels: [a], regex: '(?P<x>.)(.*)', target_label: '$x-l', replacement: '$2'}]";
    expect(apply(yaml, { a: "foo" })).toBe('{a="foo", "f-l"="oo"}');
  });

  it("reads $1x as the group called 1x, which is empty and removes the label", () => {
    const yaml = "[{source_labels: [a], target_label: d, replacement: $1x}]";
    expect(apply(yaml, { a: "foo", d: "old" })).toBe('{a="foo"}');
  });

  it("drops a target whose source label is missing under the default regex", () => {
    expect(apply("[{source_labels: [nope], action: drop}]", { a: "b" })).toBe("dropped");
  });

  it("lets labelmap make an empty label name, as Prometheus does", () => {
    const yaml = "[{action: labelmap, regex: 'a(.*)'}]";
    expect(apply(yaml, { a: "b" })).toBe('{""="b", a="b"}');
  });

  it("matches newlines with a dot", () => {
    expect(apply("[{source_labels: [a], regex: x.y, action: keep}]", { a: "x\ny" })).toBe(
      '{a="x\\ny"}',
    );
  });

  it("changes case one code point at a time", () => {
    const yaml = "[{source_labels: [a], target_label: a, action: uppercase}]";
    expect(apply(yaml, { a: "straße ᾳ ŉ" })).toBe('{a="STRAßE ᾼ ŉ"}');
  });

  it("takes a modulus in any spelling of YAML's numbers", () => {
    const modulo = (modulus: string) =>
      apply(`[{source_labels: [a], target_label: d, action: hashmod, modulus: ${modulus}}]`, {
        a: "foo",
      });
    for (const same of ["0x10", "0o20", "020", "1.6e1", "16.9", "1_6"])
      expect([same, modulo(same)]).toEqual([same, modulo("16")]);
    expect(problemOf("[{target_label: d, action: hashmod, modulus: -1}]")).toContain(
      'want a whole number of at least 0, have "-1"',
    );
  });

  it("says first that a comparison takes no replacement", () => {
    const yaml = (rest: string) => `[{source_labels: [a], target_label: d, ${rest}}]`;
    expect(problemOf(yaml("action: keepequal, replacement: x, regex: y"))).toContain(
      "'replacement' can not be set for keepequal action",
    );
    expect(problemOf(yaml("action: dropequal, regex: y"))).toContain(
      "dropequal action requires only",
    );
  });

  it("names file, line and nearest action", () => {
    expect(problemOf("- source_labels: [a]\n  action: kep\n")).toBe(
      'prometheus.yml:2: [0].action: unknown relabel action "kep"; did you mean "keep"?',
    );
  });

  it("names the nearest key for an unknown one", () => {
    expect(problemOf("- sourcelabels: [a]\n")).toBe(
      'prometheus.yml:1: [0]: unknown key "sourcelabels"; did you mean "source_labels"?',
    );
  });

  it("refuses a regex with RE2's reason", () => {
    expect(problemOf("- source_labels: [a]\n  regex: '('\n  target_label: b\n")).toContain(
      "prometheus.yml:2: [0].regex: error parsing regexp: missing closing )",
    );
  });
});
