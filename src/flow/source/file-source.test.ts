import {
  appendFileSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../base/clock.ts";
import { silentLogger } from "../../base/logger.ts";
import { FileSource, rotatedAway, StdinSource } from "./file-source.ts";
import type { FlowBatch, FlowSource } from "./flow-source.ts";
import { createFlowSource, type SourceSurroundings } from "./source-url.ts";

let dir = "";
let sources: FlowSource[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "flow-file-"));
});
afterEach(async () => {
  for (const source of sources) await source.close();
  sources = [];
  rmSync(dir, { recursive: true });
});

const line = (uuid: string) => `{"flow":{"uuid":"${uuid}","node_name":"n"},"node_name":"n"}\n`;

/** Starts a source; `until` settles when so many flows have come. */
function start(source: FlowSource) {
  const uuids: string[] = [];
  const waiting: { count: number; done: () => void }[] = [];
  sources.push(source);
  source.start(({ flows }: FlowBatch) => {
    for (const { uuid = "" } of flows) uuids.push(uuid);
    for (const { count, done } of waiting) if (uuids.length >= count) done();
  });
  const until = (count: number) =>
    new Promise<void>((done) => {
      if (uuids.length >= count) done();
      else waiting.push({ count, done });
    });
  return { source, uuids, until };
}

function file(path: string, isOnlyNew = false) {
  const around = { clock: systemClock, logger: silentLogger };
  return start(new FileSource({ name: path, cluster: "", path, isOnlyNew, ...around }));
}

describe("FileSource", () => {
  it("reads what was rotated away first, gzipped or not, then the file, and follows renames and truncation", async () => {
    const path = join(dir, "events.log");
    writeFileSync(join(dir, "events-2026-01-15T10-00-00.000.log.gz"), gzipSync(line("a")));
    writeFileSync(join(dir, "events-2026-01-15T11-00-00.000.log"), line("b"));
    writeFileSync(path, line("c"));
    const { uuids, until } = file(path);
    await until(3);
    appendFileSync(path, line("d"));
    await until(4);
    renameSync(path, join(dir, "events-2026-01-15T12-00-00.000.log"));
    writeFileSync(path, line("e"));
    await until(5);
    truncateSync(path, 0);
    await new Promise((resolve) => setTimeout(resolve, 250));
    appendFileSync(path, line("f"));
    await until(6);
    expect(uuids.join("")).toBe("abcdef");
  });

  it("counts what it cannot read, tells why, and goes on", async () => {
    const path = join(dir, "f.jsonl");
    const lost = `{"lost_events":{"source":"HUBBLE_RING_BUFFER","num_events_lost":"9"},"node_name":"n"}\n`;
    writeFileSync(path, `{broken\n\n{"flow":{"uuid":7}}\n${lost}${line("a")}`);
    writeFileSync(`${path}.1.gz`, "no gzip");
    const { until, source } = file(path);
    await until(1);
    expect(source.status()).toMatchObject({
      seenFlows: 1,
      badRecords: 3,
      nodes: [{ node: "n", seen: 1, lost: { HUBBLE_RING_BUFFER: 9 } }],
    });
  });

  it("waits for a file that is not there, and may begin at the end of one that is", async () => {
    const path = join(dir, "late.jsonl");
    const late = file(path);
    await new Promise((resolve) => setImmediate(resolve));
    expect(late.source.status().trouble?.cause).toContain("does not exist");
    writeFileSync(path, line("a"));
    await late.until(1);
    expect(late.source.status().trouble).toBeUndefined();
    const fresh = file(path, true);
    await new Promise((resolve) => setImmediate(resolve));
    appendFileSync(path, line("b"));
    await fresh.until(1);
    expect(fresh.uuids).toEqual(["b"]);
  });

  it("knows the names of rotated files from those of others", () => {
    for (const name of ["x.log", "x.log.1", "x.log.2.gz", "x.log.bak", "x-other.log", "xy.log.1"]) {
      writeFileSync(join(dir, name), "");
    }
    const names = rotatedAway(join(dir, "x.log")).map((path) => path.slice(dir.length + 1));
    expect(names.sort()).toEqual(["x.log.1", "x.log.2.gz"]);
  });
});

describe("StdinSource", () => {
  it("reads to the end", async () => {
    const text = Buffer.from(line("a") + line("b").trimEnd());
    const input = (async function* () {
      yield text.subarray(0, 30);
      yield text.subarray(30);
    })();
    const around = { clock: systemClock, logger: silentLogger };
    const { uuids, source } = start(new StdinSource({ input, cluster: "", ...around }));
    await source.ended;
    expect(uuids).toEqual(["a", "b"]);
    expect(source.status().state).toBe("ended");
  });
});

describe("createFlowSource", () => {
  const around: SourceSurroundings = {
    clock: systemClock,
    random: () => 0,
    logger: silentLogger,
    stdin: (async function* () {})(),
  };
  const made = (text: string) => {
    const { name, kind, cluster } = createFlowSource(text, around).status();
    return `${kind} ${name} ${cluster}`;
  };

  it("takes servers, agents, files and the standard input", () => {
    expect(made("grpc://relay:4245?cluster=prod")).toBe("relay grpc://relay:4245 prod");
    expect(made("grpc+peers://10.0.0.1")).toBe("agents grpc+peers://10.0.0.1 ");
    expect(made("file:///var/x.log?from=end")).toBe("file /var/x.log ");
    expect(made("-?cluster=a")).toBe("stdin stdin a");
  });

  it("refuses what it cannot use, with the mend", () => {
    const refusal = (text: string) => {
      try {
        return made(text);
      } catch (thrown) {
        return String(thrown);
      }
    };
    expect(refusal("http://x")).toContain("the scheme is none of grpc");
    expect(refusal("grpc://x:99999")).toContain("is no address of a Hubble server");
    expect(refusal("grpc://x?ca=/a")).toContain("ca needs TLS; write grpcs://");
    expect(refusal("grpcs://x?ca=/not/there")).toContain("/not/there does not exist");
    expect(refusal("grpcs://x?cert=/a")).toContain("a client certificate needs its key");
    expect(refusal("grpc://x?tls=1")).toContain("unknown option tls; known: cluster");
    expect(refusal("x.log?from=middle")).toContain("from is start or end");
    expect(refusal("grpcs://x?user=u")).toContain("user wants password-file");
  });
});
