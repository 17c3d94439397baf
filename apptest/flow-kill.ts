/** kill -9 loses no flow that was flushed, doubles none, and cuts a torn tail: the store answers as before. */

import { appendFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FlowStoreAnswer, FlowsAnswer } from "../src/api/wire/flows.ts";
import { type AppTest, expectEqual, poll } from "./app-test.ts";

const batchFlows = 400;
/** The store flushes each second; what is older than this is on disk. */
const flushedMs = 2000;

export const flowKillTest: AppTest = {
  name: "flow-kill",
  async run(context) {
    const dir = context.tempDir();
    const file = join(dir, "flows.jsonl");
    writeFileSync(file, "");
    const port = await context.freePort();
    const url = `http://127.0.0.1:${port}/api/ciliascope/v1`;
    const dataDir = join(dir, "data");
    const args = ["server", "--data-dir", dataDir, "--listen", `127.0.0.1:${port}`];
    const quiet = ["--observer-listen", "", "--flows.metrics-listen", ""];
    const first = context.startProgram([...args, ...quiet, "--flows", file]);
    await first.waitForLine(/^ready /m);
    const startMs = Date.parse("2026-01-15T10:00:00Z");
    let written = 0;
    const timer = setInterval(() => {
      let lines = "";
      for (let i = 0; i < batchFlows; i++) lines += flowLine(startMs, written++);
      appendFileSync(file, lines);
    }, 100);
    context.onClose(() => clearInterval(timer));
    const acknowledged = await poll(async () => {
      const { flows } = await store(url);
      return flows >= 5 * batchFlows ? flows : undefined;
    });
    if (acknowledged === undefined) throw new Error("the server kept no flows");
    await new Promise((resolve) => setTimeout(resolve, flushedMs));
    first.child.kill("SIGKILL");
    await first.waitForExit();
    clearInterval(timer);
    const flowsDir = join(dataDir, "flows");
    const log = readdirSync(flowsDir).find((name) => name.startsWith("hot-"));
    if (log === undefined) throw new Error("a killed server left no log of flows");
    appendFileSync(join(flowsDir, log), "CSF1 torn");

    const second = context.startProgram([...args, ...quiet]);
    await second.waitForLine(/^ready /m);
    const { flows: kept } = await store(url);
    if (kept < acknowledged) throw new Error(`${acknowledged} flows were there, ${kept} are left`);
    const answer = await fetch(`${url}/flows?first=10000`);
    const { flows } = (await answer.json()) as FlowsAnswer;
    const uuids = flows.map(({ uuid }) => uuid);
    expectEqual(new Set(uuids).size, flows.length, "distinct flows");
    for (const [index, uuid] of uuids.slice(0, acknowledged).entries()) {
      expectEqual(uuid ?? "", uuidOf(index), `flow ${index}`);
    }
    const cuts = second.output().match(/cut a torn tail/g) ?? [];
    expectEqual(cuts.length, 1, "sentences about the torn tail");
    expectEqual(await second.stop(), 0, `exit code (${second.output()})`);

    // The file is read again from its start: what is kept already is not kept twice.
    const third = context.startProgram([...args, ...quiet, "--flows", file]);
    await third.waitForLine(/^ready /m);
    const all = await poll(async () => {
      const { flows: count } = await store(url);
      return count >= written ? count : undefined;
    });
    expectEqual(all, written, "flows after the file was read again");
    expectEqual(await third.stop(), 0, `exit code (${third.output()})`);
  },
};

async function store(url: string): Promise<FlowStoreAnswer> {
  const answer = await fetch(`${url}/flows/store`);
  return (await answer.json()) as FlowStoreAnswer;
}

function uuidOf(index: number): string {
  return `00000000-0000-4000-8000-${index.toString(16).padStart(12, "0")}`;
}

function flowLine(startMs: number, index: number): string {
  const time = new Date(startMs + index).toISOString();
  const flow = {
    time,
    uuid: uuidOf(index),
    verdict: index % 10 === 0 ? "DROPPED" : "FORWARDED",
    l4: { TCP: { source_port: 30_000 + (index % 1000), destination_port: 80 } },
    source: { identity: 1, namespace: "default", pod_name: `client-${index % 5}` },
    destination: { identity: 2, namespace: "default", pod_name: "server" },
    node_name: "node-1",
  };
  return `${JSON.stringify({ flow, node_name: "node-1", time })}\n`;
}
