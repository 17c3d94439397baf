import { describe, expect, it } from "vitest";
import { parseCurlArguments } from "./curl-options.ts";
import { formatWriteOut, type TransferFigures } from "./curl-write-out.ts";

function options(...args: string[]) {
  const line = parseCurlArguments(args);
  if (line.kind !== "run") throw new Error(line.kind === "error" ? line.message : line.text);
  return line.options;
}

function problem(...args: string[]): string {
  const line = parseCurlArguments(args);
  return line.kind === "error" ? (line.message.split("\n")[0] ?? "") : line.kind;
}

describe("parseCurlArguments", () => {
  it("takes combined and glued short flags apart", () => {
    expect(options("-sSLXPOST", "-m5", "host")).toMatchObject({
      isSilent: true,
      showsError: true,
      followsRedirects: true,
      method: "POST",
      maxTimeMs: 5000,
      urls: ["host"],
    });
  });

  it("takes flags after the URL, long flags and their negation", () => {
    expect(
      options(
        "host",
        "--silent",
        "--no-silent",
        "--connect-timeout",
        "1.5",
        "-H",
        "A: b",
        "-d",
        "x=1",
      ),
    ).toMatchObject({
      isSilent: false,
      connectTimeoutMs: 1500,
      headers: ["A: b"],
      data: [{ text: "x=1", isRaw: false }],
    });
  });

  it("treats 0 seconds as no limit", () => {
    expect(options("-m", "0", "host").maxTimeMs).toBeUndefined();
  });

  it("complains in curl's words", () => {
    expect(problem("--nosuch", "x")).toBe("curl: option --nosuch: is unknown");
    expect(problem("-m")).toBe("curl: option -m: requires parameter");
    expect(problem("-m", "abc", "x")).toBe(
      "curl: option -m: expected a proper numerical parameter",
    );
    expect(problem()).toBe("curl: try 'curl --help' or 'curl --manual' for more information");
  });
});

describe("formatWriteOut", () => {
  const figures = {
    responseCode: 0,
    totalSeconds: 0.25,
    remoteAddress: "10.0.0.1",
  } as TransferFigures;

  it("fills variables and escapes and warns of unknown ones", () => {
    const warnings: string[] = [];
    const text = formatWriteOut("%{http_code} %{time_total}\\t%{nosuch}%%\\n", figures, (warning) =>
      warnings.push(warning),
    );
    expect(text).toBe("000 0.250000\t%\n");
    expect(warnings).toEqual(["curl: unknown --write-out variable: 'nosuch'\n"]);
  });
});
