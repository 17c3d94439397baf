import { describe, expect, it } from "vitest";
import { ConfigError, errorMessage } from "../base/errors.ts";
import { type FlagSpec, parseFlags, parseUintFlag } from "./flag-set.ts";

function parse(...args: string[]): string {
  const seen: string[] = [];
  const spec = (name: string, rest: Partial<FlagSpec>): FlagSpec => ({
    name,
    help: "",
    set: (value) => seen.push(`${name}=${value}`),
    ...rest,
  });
  const specs = [
    spec("output", { short: "o" }),
    spec("four", { short: "4", bareValue: "v4" }),
    spec("count", { set: (value) => seen.push(`count=${parseUintFlag(value)}`) }),
    spec("bad", {
      short: "b",
      set: () => {
        throw new ConfigError("no", { path: "" });
      },
    }),
  ];
  try {
    return [...seen, ...parseFlags(specs, args)].concat(seen).join(" ");
  } catch (thrown) {
    return errorMessage(thrown);
  }
}

describe("parseFlags", () => {
  it("takes values after =, a blank, or nothing, and keeps operands", () => {
    expect(parse("--output", "x", "a", "-oy", "-o=z", "--four", "b")).toBe(
      "a b output=x output=y output=z four=v4",
    );
    expect(parse("-4o", "x", "--", "--four")).toBe("--four four=v4 output=x");
    expect(parse("--output=")).toBe("output=");
  });

  it("says what is wrong in pflag's words", () => {
    expect(parse("--nope=1")).toBe("unknown flag: --nope");
    expect(parse("-4z")).toBe("unknown shorthand flag: 'z' in -4z");
    expect(parse("--output")).toBe("flag needs an argument: --output");
    expect(parse("-o")).toBe("flag needs an argument: 'o' in -o");
    expect(parse("-b", "x")).toBe('invalid argument "x" for "-b, --bad" flag: no');
    expect(parse("--count", "-1")).toContain('strconv.ParseUint: parsing "-1": invalid syntax');
  });
});
