/**
 * Rows of flows counted into sums (map-sums.ts). A reply is turned around, so that latency and status stand
 * with the request. Where a flow does not say whether it is one, a low port at its source and a high one
 * at its destination say so. Latency counts in buckets a quarter of an octave wide: a quantile is right
 * within 9 %. O(rows), four probes a row; watched by bench/flow-store.ts.
 */

import type { Flow } from "../model/flow.ts";
import type { ColumnSource, IdArray } from "../store/column-source.ts";
import { ColumnText } from "../store/column-text.ts";
import { type GroupField, protocolOf } from "../store/group-field.ts";
import { endOfFlow } from "./map-end.ts";
import { type MapFact, type MapSums, SumsBuilder } from "./map-sums.ts";
import { PairCounts } from "./pair-counts.ts";

const latencyBuckets = 128;
/** The first port that clients are given; a server's is lower. */
const ephemeralPortMin = 32_768;
const portCount = 65_536;
/** Rows, or entries, that are looked at before others may have a turn. */
const sliceRows = 2048;

const endField = (side: "source" | "destination"): GroupField => ({
  name: side,
  paths: [side, `${side}_names`],
  read: (flow) => JSON.stringify(endOfFlow(flow, side)),
});
const sourceField = endField("source");
const destinationField = endField("destination");

/** What happened, apart from ports and latency. */
interface RowDetail {
  /** 1 = a reply, 0 = none, -1 = it is not said. */
  readonly reply: number;
  readonly protocol: string;
  readonly isDropped: boolean;
  readonly facts: readonly MapFact[];
}

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
  read: (flow) => JSON.stringify(detailOf(flow)),
};

function detailOf(flow: Flow): RowDetail {
  const verdict = String(flow.verdict ?? "");
  const protocol = protocolOf(flow);
  const facts: MapFact[] = [["verdict", verdict === "" ? "VERDICT_UNKNOWN" : verdict]];
  const isDropped = verdict === "DROPPED";
  if (isDropped) facts.push(["reason", dropReasonOf(flow)]);
  facts.push(...layer7Facts(flow, protocol));
  return { reply: replyMark(flow), protocol, isDropped, facts };
}

function replyMark(flow: Flow): number {
  if (flow.l7?.type === "RESPONSE" || flow.is_reply === true) return 1;
  return flow.is_reply === false || flow.l7?.type === "REQUEST" ? 0 : -1;
}

/** A proxy that denies gives no reason: that it was one says it. */
function dropReasonOf({ drop_reason_desc: reason, l7 }: Flow): string {
  if (reason !== undefined) return String(reason);
  return (l7?.type ?? "") === "" ? "DROP_REASON_UNKNOWN" : "Policy denied (L7)";
}

function layer7Facts({ l7 }: Flow, protocol: string): MapFact[] {
  if (l7?.type === "REQUEST") {
    const operation = l7.http?.method ?? l7.dns?.qtypes?.join(",") ?? l7.kafka?.api_key ?? "";
    const asked: MapFact = ["requests", protocol];
    return operation === "" ? [asked] : [asked, ["operation", protocol, operation]];
  }
  if (l7?.type !== "RESPONSE") return [];
  // A DNS response without a code is a good one.
  const status =
    l7.http?.code ?? l7.dns?.rcode ?? l7.kafka?.error_code ?? (l7.dns === undefined ? -1 : 0);
  const answered: MapFact = ["responses", protocol];
  return status < 0 ? [answered] : [answered, ["status", protocol, status]];
}

/** Counts rows of a source: all, or those that are given. Yields where others may have a turn: after a few ms. */
export function* countRows(source: ColumnSource, rows?: Uint32Array): Generator<void, MapSums> {
  const sourceText = new ColumnText(source, sourceField, rows);
  const destinationText = new ColumnText(source, destinationField, rows);
  yield;
  const detailText = new ColumnText(source, detailField, rows);
  const counter = new RowCounter(source, { rows, sourceText, destinationText, detailText });
  const count = rows?.length ?? source.rowCount;
  for (let from = 0; from < count; from += sliceRows) {
    yield;
    counter.add(from, Math.min(count, from + sliceRows));
  }
  yield* counter.fold();
  return counter.sums.finish();
}

interface CountedRows {
  /** undefined = all. */
  readonly rows: Uint32Array | undefined;
  readonly sourceText: ColumnText;
  readonly destinationText: ColumnText;
  readonly detailText: ColumnText;
}

class RowCounter {
  readonly sums = new SumsBuilder();
  readonly #source: ColumnSource;
  readonly #counted: CountedRows;
  readonly #offsets: Float64Array;
  readonly #sourceEnds: number[] = [];
  readonly #destinationEnds: number[] = [];
  readonly #ports: readonly (readonly [IdArray | undefined, IdArray | undefined])[];
  readonly #latencies: IdArray | undefined;
  readonly #details: RowDetail[] = [];
  readonly #protocols: string[] = [];
  /** Of a detail: the place of its protocol. */
  readonly #protocolOf: number[] = [];
  /** Flows by pair and number of the detail; by pair and protocol x port; by pair and latency bucket. */
  readonly #byDetail = new PairCounts();
  readonly #byPort = new PairCounts();
  readonly #byLatency = new PairCounts();

  constructor(source: ColumnSource, counted: CountedRows) {
    this.#source = source;
    this.#counted = counted;
    this.#offsets = source.offsetsNs();
    this.#ports = ["TCP", "UDP", "SCTP"].map((name) => [
      source.ids(`l4.${name}.source_port`),
      source.ids(`l4.${name}.destination_port`),
    ]);
    this.#latencies = source.ids("l7.latency_ns");
  }

  /** Takes the rows at the places [from, to). */
  add(from: number, to: number): void {
    const { rows } = this.#counted;
    for (let index = from; index < to; index++) {
      this.#addRow(index, rows === undefined ? index : rows[index]!);
    }
  }

  /** Turns what was counted into facts. */
  *fold(): Generator<void> {
    const { sums } = this;
    const factIds = this.#details.map((detail) => detail.facts.map((fact) => sums.factOf(fact)));
    for (const [pair, detail, flows, entry] of entries(this.#byDetail)) {
      if (entry % sliceRows === 0) yield;
      for (const fact of factIds[detail]!) sums.countFact(pair, fact, flows);
    }
    const portFacts = new Map<number, number>();
    for (const [pair, protocolPort, flows, entry] of entries(this.#byPort)) {
      if (entry % sliceRows === 0) yield;
      let fact = portFacts.get(protocolPort);
      if (fact === undefined) {
        fact = sums.factOf(["port", this.#portName(protocolPort)]);
        portFacts.set(protocolPort, fact);
      }
      sums.countFact(pair, fact, flows);
    }
    yield;
    for (const [pair, bucket, flows] of entries(this.#byLatency)) {
      sums.countFact(pair, sums.factOf(["latency", bucket]), flows);
    }
  }

  #portName(protocolPort: number): string {
    const port = protocolPort % portCount;
    const protocol = this.#protocols[(protocolPort - port) / portCount]!;
    return port === 0 ? protocol : `${protocol} ${port}`;
  }

  #addRow(index: number, row: number): void {
    const { sourceText, destinationText, detailText } = this.#counted;
    const detailId = detailText.at(index);
    const detail = this.#details[detailId] ?? this.#readDetail(detailId);
    let sourcePort = 0;
    let destinationPort = 0;
    for (let i = 0; i < this.#ports.length; i++) {
      const [from, to] = this.#ports[i]!;
      if (from !== undefined && from[row]! > 1) sourcePort ||= from[row]! - 1;
      if (to !== undefined && to[row]! > 1) destinationPort ||= to[row]! - 1;
    }
    const looksReply =
      sourcePort > 0 && sourcePort < ephemeralPortMin && destinationPort >= ephemeralPortMin;
    const isReply = detail.reply === 1 || (detail.reply === -1 && looksReply);
    const left = this.#endOf(sourceText, this.#sourceEnds, index);
    const right = this.#endOf(destinationText, this.#destinationEnds, index);
    const pair = isReply ? this.sums.pairOf(right, left) : this.sums.pairOf(left, right);
    const minute = Math.floor((this.#source.baseMs + this.#offsets[row]! / 1e6) / 60_000);
    this.sums.countAt(pair, minute, 1, detail.isDropped ? 1 : 0);
    this.#byDetail.add(pair, detailId, 1);
    if (detail.protocol !== "") {
      const serverPort = isReply ? sourcePort : destinationPort;
      const port = serverPort >= ephemeralPortMin ? 0 : serverPort;
      this.#byPort.add(pair, this.#protocolOf[detailId]! * portCount + port, 1);
    }
    if (this.#latencies !== undefined && this.#latencies[row]! > 1) {
      this.#byLatency.add(pair, latencyBucket(this.#latencies[row]! - 1), 1);
    }
  }

  #readDetail(id: number): RowDetail {
    const detail = JSON.parse(this.#counted.detailText.texts[id]!) as RowDetail;
    this.#details[id] = detail;
    const known = this.#protocols.indexOf(detail.protocol);
    this.#protocolOf[id] = known >= 0 ? known : this.#protocols.push(detail.protocol) - 1;
    return detail;
  }

  #endOf(text: ColumnText, known: number[], index: number): number {
    const at = text.at(index);
    const end = known[at];
    if (end !== undefined) return end;
    const made = this.sums.endOf(text.texts[at]!);
    known[at] = made;
    return made;
  }
}

/** What was counted of each pair, with the number of the entry. */
function* entries(
  counts: PairCounts,
): Generator<readonly [left: number, right: number, flows: number, entry: number]> {
  for (let i = 0; i < counts.size; i++) {
    yield [counts.left[i]!, counts.right[i]!, counts.counts[i]!, i];
  }
}

/** Quarter octaves from a microsecond on. */
function latencyBucket(latencyNs: number): number {
  const bucket = 1 + Math.round(4 * Math.log2(Math.max(1, latencyNs / 1000)));
  return Math.min(latencyBuckets - 1, bucket);
}

/** The middle of a bucket, ms. */
export function bucketMs(bucket: number): number {
  return 2 ** ((bucket - 1) / 4) / 1000;
}
