/**
 * Every flow as a Hubble jsonpb line in DIR/lab/flows.jsonl, as Cilium's exporter writes it, with
 * rotation: at the size limit the file becomes flows.jsonl.1 and so on; the oldest goes. Lines are
 * written in batches; a slow disk costs lines, never memory, and the loss is counted.
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
import type { Logger } from "../base/logger.ts";
import { formatFlowLine } from "../flow/model/jsonpb.ts";
import type { LabEventBus } from "./events.ts";

/** Cilium's exporter rotates at 10 MB and keeps 5 files. */
const fileBytesMax = 10 * 1024 * 1024;
const oldFilesMax = 5;
/** Bytes waiting for the disk beyond this are not taken. */
const waitingBytesMax = 4 * 1024 * 1024;

/** The log at work. */
export class FlowLog {
  readonly #path: string;
  readonly #logger: Logger;
  readonly #stopListening: () => void;
  /** Lines of this turn of the event loop: one write for all of them. */
  #batch = "";
  #stream: WriteStream;
  #sizeBytes = 0;
  #lostCount = 0;

  constructor(path: string, bus: LabEventBus, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
    mkdirSync(dirname(path), { recursive: true });
    this.#stream = this.#open();
    this.#stopListening = bus.on("flow", ({ flow, nodeName, timeMs }) => {
      const lost = this.#append(`${formatFlowLine(flow, flow.node_name ?? "", flow.time ?? "")}\n`);
      if (lost)
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
    if (this.#batch === "") setImmediate(() => this.#flush());
    this.#batch += line;
    return false;
  }

  #flush(): void {
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
      this.#logger.error({ file: this.#path, error: error.message }, "cannot write flows"),
    );
    return stream;
  }
}
