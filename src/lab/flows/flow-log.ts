/**
 * Every flow as a Hubble jsonpb line in DIR/lab/flows.jsonl, as Cilium's exporter writes it, with
 * rotation: at the size limit the file becomes flows.jsonl.1 and so on; the oldest goes. Lines are
 * written in batches; a slow disk costs lines, never memory, and the loss is counted. Endpoints of
 * flows, which the emitter freezes, are put into JSON once.
 */

import {
  createWriteStream,
  existsSync,
  mkdirSync,
  renameSync,
  statSync,
  type WriteStream,
} from "node:fs";
import { dirname } from "node:path";
import type { CancelTimer } from "../../base/clock.ts";
import { formatFlowLine, type KnownTexts } from "../../flow/model/jsonpb.ts";
import type { LabContext } from "../lab-context.ts";

/** Cilium's exporter rotates at 10 MB and keeps 5 files. */
const fileBytesMax = 10 * 1024 * 1024;
const oldFilesMax = 5;
/** Bytes waiting for the disk beyond this are not taken. */
const waitingBytesMax = 4 * 1024 * 1024;
/** A batch is written at this length (UTF-16 units), or so long after its first line. */
const batchLengthMax = 64 * 1024;
const batchWaitMs = 50;

/** The log at work. */
export class FlowLog {
  readonly #path: string;
  readonly #context: LabContext;
  readonly #stopListening: () => void;
  readonly #known: KnownTexts = new WeakMap();
  /** Lines that wait for their write. */
  #batch = "";
  #cancelFlush: CancelTimer = () => {};
  #stream: WriteStream;
  #sizeBytes = 0;
  #lostCount = 0;

  constructor(path: string, context: LabContext) {
    const { bus } = context;
    this.#path = path;
    this.#context = context;
    mkdirSync(dirname(path), { recursive: true });
    this.#stream = this.#open();
    this.#stopListening = bus.on("flow", ({ flow, nodeName, timeMs }) => {
      const line = formatFlowLine(flow, flow.node_name ?? "", flow.time ?? "", this.#known);
      if (this.#append(line))
        bus.publish({
          kind: "lost_events",
          timeMs,
          nodeName,
          source: "observer_events_queue",
          count: 1,
        });
    });
  }

  /** Lines that the disk was too slow for. */
  get lostCount(): number {
    return this.#lostCount;
  }

  /** Stops listening and writes out what waits. */
  close(): Promise<void> {
    this.#stopListening();
    this.#flush();
    return new Promise((resolve) => {
      this.#stream.end(resolve);
    });
  }

  #append(line: string): boolean {
    if (this.#stream.writableLength > waitingBytesMax) {
      this.#lostCount++;
      return true;
    }
    if (this.#batch === "")
      this.#cancelFlush = this.#context.clock.after(batchWaitMs, () => this.#flush());
    this.#batch += `${line}\n`;
    if (this.#batch.length >= batchLengthMax) this.#flush();
    return false;
  }

  #flush(): void {
    this.#cancelFlush();
    if (this.#batch === "" || this.#stream.writableEnded) return;
    const bytes = Buffer.from(this.#batch);
    this.#batch = "";
    this.#stream.write(bytes);
    this.#sizeBytes += bytes.length;
    if (this.#sizeBytes >= fileBytesMax) this.#rotate();
  }

  #rotate(): void {
    this.#stream.end();
    for (let index = oldFilesMax - 1; index >= 0; index--) {
      const from = index === 0 ? this.#path : `${this.#path}.${index}`;
      if (existsSync(from)) renameSync(from, `${this.#path}.${index + 1}`);
    }
    this.#stream = this.#open();
  }

  #open(): WriteStream {
    this.#sizeBytes = existsSync(this.#path) ? statSync(this.#path).size : 0;
    const stream = createWriteStream(this.#path, { flags: "a" });
    stream.on("error", (error) =>
      this.#context.logger.error({ file: this.#path, error: error.message }, "cannot write flows"),
    );
    return stream;
  }
}
