import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadFlowSources } from "./source-config.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sources-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

function load(yaml: string, check: (text: string) => void = () => undefined): string[] {
  const file = join(dir, "flows.yaml");
  writeFileSync(file, yaml);
  return loadFlowSources(file, check);
}

describe("loadFlowSources", () => {
  it("reads each kind as the flag would name it, files beside the configuration", () => {
    const sources = load(
      [
        "sources:",
        "  - grpc: relay:4245",
        "    cluster: prod & co",
        "    from: start",
        "  - peers: agent",
        "    tls: { ca_file: ca.pem, server_name: x.hubble.cilium.io }",
        "    basic_auth: { username: u, password_file: /p }",
        "  - file: events.log",
      ].join("\n"),
    );
    expect(sources).toEqual([
      "grpc://relay:4245?cluster=prod+%26+co&from=start",
      `grpcs+peers://agent?ca=${encodeURIComponent(join(dir, "ca.pem"))}&server-name=x.hubble.cilium.io&user=u&password-file=%2Fp`,
      `file://${dir}/events.log`,
    ]);
  });

  it("says where something is wrong", () => {
    expect(() => load("sources:\n  - grpc: a\n    from: middle\n")).toThrow(
      expect.objectContaining({ path: "sources[0].from", line: 3 }),
    );
    expect(() => load("sources:\n  - grpc: a\n  - file: b\n    peers: c\n")).toThrow(
      expect.objectContaining({ path: "sources[1]", line: 3 }),
    );
    expect(() => load("sources:\n  - grcp: a\n")).toThrow("grcp");
    expect(() => load("sources:\n  - grpc: a\n  - grpc: a\n")).toThrow("twice");
    expect(() => loadFlowSources(join(dir, "none.yaml"), () => undefined)).toThrow("cannot read");
  });

  it("tells what the source itself finds wrong at its place", () => {
    const check = () => {
      throw new Error("no such certificate");
    };
    expect(() => load("sources:\n  - grpc: a\n", check)).toThrow(
      expect.objectContaining({ path: "sources[0]", line: 2 }),
    );
  });
});
