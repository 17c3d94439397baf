/**
 * Flows counted by minute, client, server and what happened: what the service map is added up from. A
 * block keeps its cells in the table `@map`, made of its rows when it is sealed, so that they come and
 * go with the rows, and nothing can disagree.
 *
 * texts[0] ends, texts[1] details, then a minute each: [minute, source, destination, detail, latency, flows, …]
 *
 * A reply is turned around, so that latency and status stand with the request. Where a flow does not say
 * whether it is one, a low port at its source and a high one at its destination say so. Latency counts in
 * buckets a quarter of an octave wide: a quantile is right within 9 %.
 */

import type { Flow } from "../model/flow.ts";
import type { ColumnSource, IdArray } from "../store/column-source.ts";
import { ColumnText } from "../store/column-text.ts";
import type { BlockTable } from "../store/flow-store.ts";
import { type GroupField, protocolOf } from "../store/group-field.ts";
import { endOfFlow, type MapEnd } from "./map-end.ts";

/** Ends, details and latency buckets of one block; a cell's key is their product. */
const endsMax = 16_384;
const detailsMax = 32_768;
const latencyBuckets = 128;
/** The first port that clients are given; a server's is lower. */
const ephemeralPortMin = 32_768;

/** What happened, apart from who and how long. */
export interface MapDetail {
  readonly protocol: string;
  /** Port of the server; 0 = none, or both ends have a client's. */
  readonly port: number;
  readonly verdict: string;
  readonly dropReason: string;
  /** "REQUEST", "RESPONSE", "SAMPLE" or "". */
  readonly l7Type: string;
  /** HTTP method, DNS query type, Kafka API key. */
  readonly operation: string;
  /** HTTP status, DNS response code, Kafka error code; -1 = none. */
  readonly status: number;
}

/** Cells of some rows. */
export interface MapCells {
  readonly ends: readonly MapEnd[];
  readonly details: readonly MapDetail[];
  /** By minute: source, destination, detail, latency bucket, flows, and so on. */
  readonly minutes: readonly { readonly minute: number; readonly cells: readonly number[] }[];
}

/** The table that a store keeps with each block. */
export const mapTable: BlockTable = {
  path: "@map",
  begin(source) {
    const counter = new CellCounter(source);
    return {
      add(from, to) {
        for (let row = from; row < to; row++) counter.add(row);
      },
      finish() {
        const { ends, details, minutes } = counter.finish();
        return [
          JSON.stringify(ends),
          JSON.stringify(details),
          ...minutes.map(({ minute, cells }) => `[${minute},${cells.join(",")}]`),
        ];
      },
    };
  },
};

/** Reads what mapTable wrote. */
export function readCells(texts: readonly string[]): MapCells {
  const minutes = texts.slice(2).map((text) => {
    const [minute = 0, ...cells] = JSON.parse(text) as number[];
    return { minute, cells };
  });
  return {
    ends: JSON.parse(texts[0] ?? "[]") as MapEnd[],
    details: JSON.parse(texts[1] ?? "[]") as MapDetail[],
    minutes,
  };
}

const endField = (side: "source" | "destination"): GroupField => ({
  name: side,
  paths: [side, `${side}_names`],
  read: (flow) => JSON.stringify(endOfFlow(flow, side)),
});
const sourceField = endField("source");
const destinationField = endField("destination");

/** All but the port, and what says whether a flow is a reply. */
const detailField: GroupField = {
  name: "detail",
  paths: [
    "verdict",
    "drop_reason_desc",
    "is_reply",
    "l7.type",
    ...["TCP", "UDP", "SCTP", "ICMPv4", "ICMPv6", "VRRP", "IGMP"].map((name) => `l4.${name}!`),
    "l7.http!",
    "l7.http.code",
    "l7.http.method",
    "l7.dns!",
    "l7.dns.rcode",
    "l7.dns.qtypes",
    "l7.kafka!",
    "l7.kafka.api_key",
    "l7.kafka.error_code",
  ],
  read: (flow) => JSON.stringify([replyMark(flow), detailOf(flow)]),
};

/** 1 = a reply, 0 = none, -1 = it is not said. */
function replyMark(flow: Flow): number {
  if (flow.l7?.type === "RESPONSE" || flow.is_reply === true) return 1;
  return flow.is_reply === false || flow.l7?.type === "REQUEST" ? 0 : -1;
}

function detailOf(flow: Flow): MapDetail {
  const { l7 } = flow;
  const status = l7?.http?.code ?? l7?.dns?.rcode ?? l7?.kafka?.error_code;
  return {
    protocol: protocolOf(flow),
    port: 0,
    verdict: String(flow.verdict ?? ""),
    dropReason: flow.verdict === "DROPPED" ? String(flow.drop_reason_desc ?? "") : "",
    l7Type: String(l7?.type ?? ""),
    operation: l7?.http?.method ?? l7?.dns?.qtypes?.join(",") ?? l7?.kafka?.api_key ?? "",
    // A DNS response without a code is a good one.
    status: status ?? (l7?.dns !== undefined && l7.type === "RESPONSE" ? 0 : -1),
  };
}

/** Numbers for values while cells are counted; past `max` all further ones are the last. */
class Interner<Value> {
  readonly values: Value[] = [];
  readonly #byKey = new Map<string | number, number>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  intern(key: string | number, make: () => Value): number {
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    if (this.values.length >= this.#max) return this.#max - 1;
    const index = this.values.push(make()) - 1;
    this.#byKey.set(key, index);
    return index;
  }
}

/** Counts rows (undefined = all). O(rows), one lookup a row beside its columns. */
export function countCells(source: ColumnSource, rows: Uint32Array | undefined): MapCells {
  const counter = new CellCounter(source);
  const count = rows?.length ?? source.rowCount;
  for (let i = 0; i < count; i++) counter.add(rows === undefined ? i : rows[i]!);
  return counter.finish();
}

class CellCounter {
  readonly #source: ColumnSource;
  readonly #offsets: Float64Array;
  readonly #ends = new Interner<MapEnd>(endsMax);
  readonly #details = new Interner<MapDetail>(detailsMax);
  readonly #sourceText: ColumnText;
  readonly #destinationText: ColumnText;
  readonly #detailText: ColumnText;
  readonly #ports: readonly (readonly [IdArray | undefined, IdArray | undefined])[];
  readonly #latencies: IdArray | undefined;
  /** End by number of the text, +1. */
  readonly #sourceEnds: number[] = [];
  readonly #destinationEnds: number[] = [];
  readonly #parsed: (readonly [number, MapDetail])[] = [];
  readonly #minutes = new Map<number, Map<number, number>>();
  #minute = Number.NaN;
  #cells = new Map<number, number>();

  constructor(source: ColumnSource) {
    this.#source = source;
    this.#offsets = source.offsetsNs();
    this.#sourceText = new ColumnText(source, sourceField);
    this.#destinationText = new ColumnText(source, destinationField);
    this.#detailText = new ColumnText(source, detailField);
    this.#ports = ["TCP", "UDP", "SCTP"].map((name) => [
      source.ids(`l4.${name}.source_port`),
      source.ids(`l4.${name}.destination_port`),
    ]);
    this.#latencies = source.ids("l7.latency_ns");
  }

  add(row: number): void {
    const text = this.#detailText.at(row);
    let parsed = this.#parsed[text];
    if (parsed === undefined) {
      parsed = JSON.parse(this.#detailText.texts[text]!) as [number, MapDetail];
      this.#parsed[text] = parsed;
    }
    let sourcePort = 0;
    let destinationPort = 0;
    for (let i = 0; i < this.#ports.length; i++) {
      const [from, to] = this.#ports[i]!;
      sourcePort ||= Math.max(0, (from?.[row] ?? 0) - 1);
      destinationPort ||= Math.max(0, (to?.[row] ?? 0) - 1);
    }
    const mark = parsed[0];
    const looksReply =
      sourcePort > 0 && sourcePort < ephemeralPortMin && destinationPort >= ephemeralPortMin;
    const isReply = mark === 1 || (mark === -1 && looksReply);
    const serverPort = isReply ? sourcePort : destinationPort;
    const port = serverPort >= ephemeralPortMin ? 0 : serverPort;
    const [, detail] = parsed;
    const detailId = this.#details.intern(text * 65_536 + port, () => ({ ...detail, port }));
    const left = this.#endOf(this.#sourceText, this.#sourceEnds, row);
    const right = this.#endOf(this.#destinationText, this.#destinationEnds, row);
    const bucket = latencyBucket((this.#latencies?.[row] ?? 0) - 1);
    const pair = isReply ? right * endsMax + left : left * endsMax + right;
    const key = (pair * detailsMax + detailId) * latencyBuckets + bucket;
    this.#turnTo(Math.floor((this.#source.baseMs + this.#offsets[row]! / 1e6) / 60_000));
    this.#cells.set(key, (this.#cells.get(key) ?? 0) + 1);
  }

  finish(): MapCells {
    const minutes = [...this.#minutes]
      .sort(([a], [b]) => a - b)
      .map(([minute, counts]) => {
        const cells: number[] = [];
        for (const [key, flows] of counts) {
          const bucket = key % latencyBuckets;
          const rest = (key - bucket) / latencyBuckets;
          const detail = rest % detailsMax;
          const pair = (rest - detail) / detailsMax;
          cells.push(Math.floor(pair / endsMax), pair % endsMax, detail, bucket, flows);
        }
        return { minute, cells };
      });
    return { ends: this.#ends.values, details: this.#details.values, minutes };
  }

  #endOf(text: ColumnText, known: number[], row: number): number {
    const at = text.at(row);
    const end = known[at];
    if (end !== undefined) return end;
    const json = text.texts[at]!;
    const made = this.#ends.intern(json, () => JSON.parse(json) as MapEnd);
    known[at] = made;
    return made;
  }

  #turnTo(minute: number): void {
    if (minute === this.#minute) return;
    this.#minute = minute;
    const known = this.#minutes.get(minute);
    if (known !== undefined) {
      this.#cells = known;
      return;
    }
    this.#cells = new Map();
    this.#minutes.set(minute, this.#cells);
  }
}

/** 0 = no latency; else quarter octaves from a microsecond on. */
function latencyBucket(latencyNs: number): number {
  if (latencyNs <= 0) return 0;
  const bucket = 1 + Math.round(4 * Math.log2(Math.max(1, latencyNs / 1000)));
  return Math.min(latencyBuckets - 1, bucket);
}

/** The middle of a bucket, ms. */
export function bucketMs(bucket: number): number {
  return 2 ** ((bucket - 1) / 4) / 1000;
}
