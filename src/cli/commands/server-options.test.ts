import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { addServerFlags, flagTexts, type SharedFlags } from "./server-options.ts";

function textsOf(...args: string[]): Record<string, string> {
  const command = addServerFlags(new Command()).exitOverride();
  command.parse(args, { from: "user" });
  return flagTexts(command.opts<SharedFlags>());
}

describe("flagTexts", () => {
  it("shows given flags, defaults, and switches that are off", () => {
    const texts = textsOf("--web.enable-admin-api", "--query.timeout", "7s");
    expect(texts["web.enable-admin-api"]).toBe("true");
    expect(texts["web.enable-remote-write-receiver"]).toBe("false");
    expect(texts["query.timeout"]).toBe("7s");
    expect(texts["query.max-concurrency"]).toBe("20");
    expect(texts["storage.tsdb.retention.time"]).toBe("15d");
    expect(texts["web.config.file"]).toBe("");
  });

  it("shows files and address under Prometheus' names too", () => {
    const texts = textsOf("--config", "p.yml", "--data-dir", "d", "--listen", "127.0.0.1:1");
    expect(texts["config.file"]).toBe("p.yml");
    expect(texts["storage.tsdb.path"]).toBe("d/tsdb");
    expect(texts["web.listen-address"]).toBe("127.0.0.1:1");
  });
});
