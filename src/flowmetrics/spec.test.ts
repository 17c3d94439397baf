import { describe, expect, it } from "vitest";
import { parseMetricSpecs } from "./spec.ts";

function check(text: string | string[], want: string): void {
  const specs = parseMetricSpecs(text).map(
    ({ name, options }) =>
      `${name}(${options.map((o) => `${o.name}=[${o.values.map((v) => JSON.stringify(v)).join()}]`).join(" ")})`,
  );
  expect(specs.join(" ")).toBe(want);
}

describe("parseMetricSpecs", () => {
  it("splits metrics at white space, options at semicolons", () => {
    check("dns:query;ignoreAAAA  drop", 'dns(query=[""] ignoreAAAA=[""]) drop()');
    check(["drop:sourceContext= pod", "tcp"], "drop(sourceContext=[]) pod() tcp()");
    check("flow:;;a=b;", 'flow(a=["b"])');
    check("", "");
  });

  it("splits values at bars where there is one, else at commas", () => {
    check("f:a=x,y;b=x|y,z;c=|x", 'f(a=["x","y"] b=["x","y,z"] c=["x"])');
    check("f:a=x=y:z", 'f(a=["x=y:z"])');
  });
});
