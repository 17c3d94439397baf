/**
 * Answers requests of Prometheus' remote read: samples in one snappy block, or chunks in frames that go out
 * as they are made. So many requests run at a time, others wait. The order of the checks, the words and
 * the statuses are those of Prometheus, but for an error in the middle of a stream, which ends the
 * connection instead of standing among the frames.
 *
 * External labels: a matcher that asks for one by its value asks storage for series without it, and every
 * series of an answer has them, its own labels going first.
 */

import type { Clock } from "../base/clock.ts";
import { AppError, errorMessage, LimitError } from "../base/errors.ts";
import { TurnGate } from "../base/turn-gate.ts";
import type { Registry } from "../metrics/registry.ts";
import { type Labels, LabelsBuilder } from "../model/labels.ts";
import { createMatcher, type Matcher, type MatchOperator } from "../model/matcher.ts";
import type { Queryable } from "../storage/storage.ts";
import { ChunkFrames } from "./chunk-frames.ts";
import type { ReadLimits } from "./read-limits.ts";
import {
  decodeReadRequest,
  type ReadRequest,
  responseTypes,
  type WrittenMatcher,
  type WrittenQuery,
} from "./read-request.ts";
import { type ReadSeries, readSeries, type SeriesQuery } from "./read-series.ts";
import { SampledAnswer } from "./sampled-answer.ts";

/** Packed bytes that all answers of samples may hold together. */
const heldBytesMax = 512 << 20;
/** Names that limit in errors. */
const heldLimit = "bytes held for answers of samples";
/** The function by which a client says that it wants labels only. */
const labelsOnly = "series";
/** Operators by the numbers of a matcher's type. */
const operators: readonly MatchOperator[] = ["=", "!=", "=~", "!~"];

/** What a handler needs. */
export interface ReadHandlerOptions {
  readonly queryable: Queryable;
  readonly clock: Clock;
  readonly registry: Registry;
  readonly externalLabels: () => Labels;
  readonly limits: ReadLimits;
}

/** An answer: 200 with pieces that are made as they are taken, or a reason as text. */
export type ReadAnswer = (ReadHead & { readonly body: ReadBody }) | ReadRefusal;

/** Why there is no answer. */
export interface ReadRefusal {
  readonly status: 400 | 500 | 503;
  readonly message: string;
}

interface ReadHead {
  readonly status: 200;
  readonly contentType: string;
  readonly contentEncoding: string | undefined;
}

type Pieces = AsyncGenerator<Uint8Array, void>;

const sampledHead: ReadHead = {
  status: 200,
  contentType: "application/x-protobuf",
  contentEncoding: "snappy",
};
const framesHead: ReadHead = {
  status: 200,
  contentType: "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse",
  contentEncoding: undefined,
};

/** A query that can be read. */
interface CompiledQuery extends SeriesQuery {
  readonly wantsSamples: boolean;
}

/** What is read for one request. */
interface ReadWork {
  readonly queries: readonly CompiledQuery[];
  seriesOf(query: CompiledQuery): AsyncGenerator<ReadSeries, void>;
}

/** The body of an answer. */
export class ReadBody {
  #first: IteratorResult<Uint8Array, void> | undefined;
  readonly #rest: Pieces;
  readonly #leave: () => void;

  constructor(first: IteratorResult<Uint8Array, void>, rest: Pieces, leave: () => void) {
    this.#first = first;
    this.#rest = rest;
    this.#leave = leave;
  }

  /** The next piece, which may be empty; undefined: that was all. Throws what reading throws. */
  async next(): Promise<Uint8Array | undefined> {
    try {
      const result = this.#first ?? (await this.#rest.next());
      this.#first = undefined;
      if (result.done !== true) return result.value;
    } catch (thrown) {
      await this.end();
      throw thrown;
    }
    await this.end();
    return undefined;
  }

  /** To be called by whoever does not read to the end. */
  async end(): Promise<void> {
    await this.#rest.return();
    this.#leave();
  }
}

/** One handler; requests may overlap. */
export class ReadHandler {
  readonly #options: ReadHandlerOptions;
  readonly #gate: TurnGate;
  /** By all answers of samples. */
  #heldBytes = 0;

  constructor(options: ReadHandlerOptions) {
    this.#options = options;
    this.#gate = new TurnGate(options.limits.concurrencyMax);
    const queries = options.registry.gauge({
      name: "prometheus_remote_read_handler_queries",
      help: "The current number of remote read queries that are either in execution or queued on the handler.",
    });
    options.registry.onCollect(() => queries.set(this.#gate.count));
  }

  /** Answers a request, whose body is read when its turn comes. `signal`: the client went away. */
  async answer(readBody: () => Promise<Uint8Array>, signal: AbortSignal): Promise<ReadAnswer> {
    const leave = await this.#gate.enter(signal);
    if (leave === undefined) return { status: 500, message: "context canceled" };
    let isHandedOn = false;
    try {
      const { head, pieces } = this.#begin(decodeReadRequest(await readBody()), signal);
      // What fails before the first byte can still have a status.
      const first = await pieces.next();
      isHandedOn = true;
      return { ...head, body: new ReadBody(first, pieces, leave) };
    } catch (thrown) {
      return refusalOf(thrown);
    } finally {
      if (!isHandedOn) leave();
    }
  }

  #begin(
    { queries, acceptedTypes }: ReadRequest,
    signal: AbortSignal,
  ): { readonly head: ReadHead; readonly pieces: Pieces } {
    const type = chooseType(acceptedTypes);
    const externalLabels = this.#options.externalLabels();
    const tools = { ...this.#options, signal };
    const work: ReadWork = {
      queries: queries.map((query) => compileQuery(query, externalLabels)),
      async *seriesOf(query) {
        for await (const { labels, samples } of readSeries(query, tools)) {
          yield { labels: withExternal(labels, externalLabels), samples };
        }
      },
    };
    if (type === responseTypes.samples) {
      return { head: sampledHead, pieces: this.#sampledPieces(work) };
    }
    return { head: framesHead, pieces: framePieces(work, this.#options.limits.frameBytesMax) };
  }

  async *#sampledPieces(work: ReadWork): Pieces {
    let heldBytes = 0;
    const hold = (bytes: number): void => {
      heldBytes += bytes;
      this.#heldBytes += bytes;
      if (this.#heldBytes <= heldBytesMax) return;
      throw new LimitError(
        `answers of samples hold more than ${heldBytesMax} bytes: ask for STREAMED_XOR_CHUNKS, for less, or later`,
        { limit: heldLimit, actual: this.#heldBytes },
      );
    };
    try {
      const answer = new SampledAnswer({ samplesMax: this.#options.limits.samplesMax, hold });
      for (const query of work.queries) {
        for await (const series of work.seriesOf(query)) answer.add(series, query.wantsSamples);
        answer.endQuery();
      }
      yield* answer.finish();
    } finally {
      this.#heldBytes -= heldBytes;
    }
  }
}

async function* framePieces(work: ReadWork, frameBytesMax: number): Pieces {
  const frames = new ChunkFrames(frameBytesMax);
  for (const [index, query] of work.queries.entries()) {
    for await (const series of work.seriesOf(query)) yield* frames.add(series, index);
  }
  yield frames.rest();
}

/** The first that we have; none named means samples. Throws AppError "parse". */
function chooseType(accepted: readonly number[]): number {
  const known: readonly number[] = Object.values(responseTypes);
  const type =
    accepted.length === 0 ? responseTypes.samples : accepted.find((x) => known.includes(x));
  if (type !== undefined) return type;
  throw new AppError(
    "parse",
    `server does not support any of the requested response types: [${accepted.join(" ")}]; supported: map[SAMPLES:{} STREAMED_XOR_CHUNKS:{}]`,
  );
}

/** Throws what `unreadable` makes. */
function compileQuery(
  { startMs, endMs, hints, matchers }: WrittenQuery,
  externalLabels: Labels,
): CompiledQuery {
  return {
    // The hints are those of one selector of the client's query and may be narrower.
    startMs: Math.max(startMs, hints?.startMs ?? startMs),
    endMs: Math.min(endMs, hints?.endMs ?? endMs),
    matchers: matchers.map((matcher) => compileMatcher(matcher, externalLabels)),
    wantsSamples: hints?.func !== labelsOnly,
  };
}

function compileMatcher(
  { type, name, value, isUtf8 }: WrittenMatcher,
  externalLabels: Labels,
): Matcher {
  const operator = operators[type];
  if (operator === undefined) throw unreadable("invalid matcher type");
  const isExternal = operator === "=" && externalLabels.get(name) === value;
  let matcher: Matcher;
  try {
    matcher = createMatcher(operator, name, isExternal ? "" : value);
  } catch (thrown) {
    throw unreadable(isUtf8 ? errorMessage(thrown) : notUtf8(value), thrown);
  }
  const { regexp } = matcher;
  // A list of literals is not parsed: its bytes do not matter.
  if (isUtf8 || regexp === undefined || regexp.literals !== undefined) return matcher;
  throw unreadable(notUtf8(value));
}

function notUtf8(expression: string): string {
  return `error parsing regexp: invalid UTF-8: \`${expression.slice(expression.indexOf("\ufffd"))}\``;
}

/** Not the client's fault in Prometheus' eyes, which answers 500. */
function unreadable(message: string, cause?: unknown): AppError {
  return new AppError("query", message, { cause });
}

function withExternal(labels: Labels, externalLabels: Labels): Labels {
  if (externalLabels.size === 0) return labels;
  const builder = new LabelsBuilder(externalLabels);
  labels.forEach((name, value) => {
    builder.set(name, value);
  });
  return builder.labels();
}

/** A request that does not decode, or asks for too much, is the client's fault. Throws what is our own. */
function refusalOf(thrown: unknown): ReadRefusal {
  if (!(thrown instanceof AppError)) throw thrown;
  const { message } = thrown;
  if (thrown instanceof LimitError) {
    return { status: thrown.limit === heldLimit ? 503 : 400, message };
  }
  return { status: thrown.code === "parse" ? 400 : 500, message };
}
