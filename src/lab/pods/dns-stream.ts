/**
 * DNS over TCP (RFC 7766): messages with their length, two bytes, in front. Used by kube-dns, by the
 * agents' DNS proxy on both of its sides, and by the pods' resolver.
 */

import type { Duplex } from "node:stream";

const lengthBytes = 2;

/** A message as it goes over a stream. */
export function frameDnsMessage(message: Buffer): Buffer {
  const framed = Buffer.allocUnsafe(lengthBytes + message.length);
  framed.writeUInt16BE(message.length, 0);
  message.copy(framed, lengthBytes);
  return framed;
}

/** Calls `onMessage` for each whole message that the stream brings; at most 64 KiB wait. */
export function readDnsMessages(stream: Duplex, onMessage: (message: Buffer) => void): void {
  let waiting: Buffer = Buffer.alloc(0);
  stream.on("data", (bytes: Buffer) => {
    waiting = waiting.length === 0 ? bytes : Buffer.concat([waiting, bytes]);
    while (waiting.length >= lengthBytes) {
      const end = lengthBytes + waiting.readUInt16BE(0);
      if (waiting.length < end) return;
      const message = waiting.subarray(lengthBytes, end);
      waiting = waiting.subarray(end);
      onMessage(message);
    }
  });
}

/** The asking end of a stream: answers belong to queries by their id. */
export class DnsStreamClient {
  readonly #stream: Duplex;
  readonly #waiting = new Map<number, (answer: Buffer | Error) => void>();

  constructor(stream: Duplex) {
    this.#stream = stream;
    readDnsMessages(stream, (answer) => {
      if (answer.length < lengthBytes) return;
      const id = answer.readUInt16BE(0);
      this.#waiting.get(id)?.(answer);
      this.#waiting.delete(id);
    });
    const fail = (error: Error): void => {
      for (const settle of this.#waiting.values()) settle(error);
      this.#waiting.clear();
    };
    stream.on("error", fail);
    stream.on("end", () => fail(closedError()));
    stream.on("close", () => fail(closedError()));
  }

  /** Sends a query; rejects when the stream ends without its answer. */
  ask(query: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#stream.destroyed || this.#stream.readableEnded) {
        reject(closedError());
        return;
      }
      this.#waiting.set(query.readUInt16BE(0), (answer) => {
        if (answer instanceof Error) reject(answer);
        else resolve(answer);
      });
      this.#stream.write(frameDnsMessage(query));
    });
  }
}

function closedError(): NodeJS.ErrnoException {
  return Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
}
