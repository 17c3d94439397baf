/**
 * Two connected streams in memory, watched: what one end writes the other reads, with backpressure.
 * The datapath puts one between every client and server, so that it sees each byte that passes.
 */

import { Duplex } from "node:stream";

/** 0 = the client's end, 1 = the server's. */
export type PipeSide = 0 | 1;

/** What passes. */
export interface PipeObserver {
  /** `side` wrote so many bytes. */
  onData(side: PipeSide, sizeBytes: number): void;
  /** `side` will write no more. */
  onEnd(side: PipeSide): void;
  /** `side` broke the connection off. */
  onReset(side: PipeSide): void;
  /** Both ends are gone. */
  onClosed(): void;
  /** Bytes that do not get through now: true = `retry` will be called when they are sent again. */
  holdBack(side: PipeSide, sizeBytes: number, retry: () => void): boolean;
}

class PipeEnd extends Duplex {
  peer: PipeEnd | undefined;
  readonly #side: PipeSide;
  readonly #observer: PipeObserver;
  #resume: (() => void) | undefined;
  #isClosed = false;

  constructor(side: PipeSide, observer: PipeObserver) {
    super({ allowHalfOpen: true });
    this.#side = side;
    this.#observer = observer;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  override _read(): void {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  override _write(chunk: Buffer, encoding: string, done: (error?: Error) => void): void {
    const { peer } = this;
    if (peer === undefined || peer.destroyed) {
      done(resetError());
      return;
    }
    if (this.#observer.holdBack(this.#side, chunk.length, () => this._write(chunk, encoding, done)))
      return;
    this.#observer.onData(this.#side, chunk.length);
    if (peer.push(chunk)) done();
    else peer.#resume = done;
  }

  override _final(done: () => void): void {
    this.#observer.onEnd(this.#side);
    if (this.peer !== undefined && !this.peer.destroyed) this.peer.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#isClosed = true;
    const { peer } = this;
    const wasOpen = !this.writableFinished || !this.readableEnded;
    if (peer !== undefined && !peer.isClosed) {
      if (wasOpen) {
        this.#observer.onReset(this.#side);
        // The other end learns it as a socket would: after this turn, as a reset.
        process.nextTick(() => peer.destroy(peer.readableEnded ? undefined : resetError()));
      }
    } else this.#observer.onClosed();
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
    done(error);
  }
}

function resetError(): NodeJS.ErrnoException {
  return Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
}

/** The client's end and the server's end. */
export function createPipe(observer: PipeObserver): readonly [Duplex, Duplex] {
  const client = new PipeEnd(0, observer);
  const server = new PipeEnd(1, observer);
  client.peer = server;
  server.peer = client;
  return [client, server];
}
