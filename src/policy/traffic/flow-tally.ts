/**
 * Recorded flows as distinct connections with counts: what replay, proposals, usage and the score work
 * on. A flow is one side's view; only flows that open a connection or carry a request count, since
 * replies pass whatever policies say. Cost: a flow's key, or for a known line one look at its bytes;
 * memory: one entry per distinct connection, and up to 256 MiB of lines to know again.
 */

import { assert } from "../../base/assert.ts";
import { LimitError } from "../../base/errors.ts";
import type { Flow, FlowEndpoint } from "../../flow/model/flow.ts";
import { parseFlowLine } from "../../flow/model/jsonpb.ts";
import type { PolicyDirection, PolicyProtocol } from "../document/policy-document.ts";
import type { HttpRequestHead } from "../engine/l7-match.ts";
import type { PolicyEndpoint } from "../engine/verdict.ts";
import { normalizeName } from "../selector/fqdn-pattern.ts";
import { clusterLabelKey, namespaceLabelKey } from "../selector/label-selector.ts";
import { FlowShape } from "./flow-shape.ts";
import { ShapeMemory } from "./shape-memory.ts";

/** Distinct connections beyond this are refused: filter the flows. */
const connectionsMax = 1_000_000;

/** A byte order mark is no part of JSON: it is kept, and refused as any other character. */
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** One end, as shown and as asked about. */
export interface ConnectionEnd {
  /** "default/tiefighter", "world (docs.cilium.io)", "host". */
  readonly name: string;
  readonly endpoint: PolicyEndpoint;
  /** Namespace of a pod. */
  readonly namespace: string | undefined;
  /** Its own policy is enforced somewhere: pods, not the world or nodes. */
  readonly isEnforced: boolean;
}

/** A request inside the connection. */
export type ConnectionRequest =
  | { readonly parser: "http"; readonly http: HttpRequestHead }
  | { readonly parser: "dns"; readonly name: string };

/** Flows that differ in nothing that policies look at. */
export interface Connection {
  readonly source: ConnectionEnd;
  readonly destination: ConnectionEnd;
  readonly protocol: PolicyProtocol;
  /** For ICMP the type. */
  readonly port: number;
  /** Where the flow was seen, and whose verdict it shows. */
  readonly direction: PolicyDirection;
  readonly request: ConnectionRequest | undefined;
  /** Passed, audited ones included. */
  forwardedCount: number;
  deniedCount: number;
  /** Passed only since the agent audits: enforced policies would have denied them. */
  auditedCount: number;
  /** RFC 3339, "" where flows have no time. */
  firstTime: string;
  lastTime: string;
}

/** Why a flow says nothing about policies. */
export type SkipReason = "no flow" | "reply" | "no direction" | "no port" | "dropped otherwise";

/** What a flow says. */
type FlowMeaning =
  | SkipReason
  | { readonly connection: Connection; readonly isDenied: boolean; readonly isAudited: boolean };

/** Flows that differ in nothing that is looked at: how many, and the times of the first and the last. */
export interface FlowRun {
  readonly count: number;
  readonly firstTime: string;
  readonly lastTime: string;
}

/** A tally as plain JSON. */
export interface TallySnapshot {
  readonly flowCount: number;
  readonly skipped: Readonly<Partial<Record<SkipReason, number>>>;
  readonly connections: readonly (Omit<Connection, "request"> & {
    readonly request:
      | {
          readonly parser: "http";
          readonly http: Omit<HttpRequestHead, "headers"> & {
            readonly headers: readonly (readonly [string, string])[];
          };
        }
      | { readonly parser: "dns"; readonly name: string }
      | null;
  })[];
}

/** Takes flows, gives connections. */
export class FlowTally {
  readonly #connections = new Map<string, Connection>();
  readonly #shape = new FlowShape();
  readonly #memory = new ShapeMemory<FlowMeaning>();
  readonly #skipped = new Map<SkipReason, number>();
  #flowCount = 0;

  /** Flows taken, skipped ones included. */
  get flowCount(): number {
    return this.#flowCount;
  }

  /** In order of their first flow. */
  get connections(): Iterable<Connection> {
    return this.#connections.values();
  }

  /** How many flows were passed over, by reason. */
  get skipped(): ReadonlyMap<SkipReason, number> {
    return this.#skipped;
  }

  /** Takes a line of the exporter or of `hubble observe -o jsonpb`. Throws ParseError, LimitError. */
  addLine(line: string): void {
    this.add(parseFlowLine(line));
  }

  /**
   * As addLine, a line without its newline as UTF-8 among other bytes, which may be used again
   * afterwards: what was met before but for its time is not decoded. Throws ParseError, LimitError.
   */
  addLineBytes(bytes: Uint8Array, start: number, end: number): void {
    const shape = this.#shape;
    const hasShape = shape.scan(bytes, start, end);
    const known = hasShape ? this.#memory.recall(bytes, shape) : undefined;
    if (known !== undefined) {
      // Fast path.
      this.#countKnown(known, bytes);
      return;
    }
    const flow = parseFlowLine(utf8.decode(bytes.subarray(start, end)));
    const meaning = this.#meaningOf(flow);
    this.#count(meaning, runOf(flow?.time));
    if (hasShape && shape.hasOneTime(bytes)) this.#memory.remember(shape, meaning);
  }

  #countKnown(meaning: FlowMeaning, bytes: Uint8Array): void {
    const { timeStart, timeEnd } = this.#shape;
    if (typeof meaning === "string") {
      this.#count(meaning, runOf());
      return;
    }
    const { firstTime, lastTime } = meaning.connection;
    // Most lines stand between those met before: their times make no text.
    const isWithin =
      firstTime !== "" &&
      compareAscii(bytes, timeStart, firstTime) >= 0 &&
      compareAscii(bytes, timeStart, lastTime) <= 0;
    const time = isWithin ? lastTime : String.fromCharCode(...bytes.subarray(timeStart, timeEnd));
    this.#count(meaning, runOf(time));
  }

  /** Takes a flow; undefined = the line held another kind of event. Throws LimitError. */
  add(flow: Flow | undefined): void {
    this.#count(this.#meaningOf(flow), runOf(flow?.time));
  }

  /** Takes many flows at once that say the same as `flow`. Throws LimitError. */
  addRun(flow: Flow, run: FlowRun): void {
    this.#count(this.#meaningOf(flow), run);
  }

  /** Everything taken so far as plain JSON, for another process. */
  snapshot(): TallySnapshot {
    return {
      flowCount: this.#flowCount,
      skipped: Object.fromEntries(this.#skipped),
      connections: [...this.#connections.values()].map(({ request, ...rest }) => ({
        ...rest,
        request:
          request?.parser === "http"
            ? { ...request, http: { ...request.http, headers: [...request.http.headers] } }
            : (request ?? null),
      })),
    };
  }

  /** The tally that a snapshot was made of. */
  static restore({ flowCount, skipped, connections }: TallySnapshot): FlowTally {
    const tally = new FlowTally();
    tally.#flowCount = flowCount;
    for (const [reason, count] of Object.entries(skipped)) {
      tally.#skipped.set(reason as SkipReason, count);
    }
    for (const [index, { request, ...rest }] of connections.entries()) {
      const restored: ConnectionRequest | undefined =
        request?.parser === "http"
          ? { ...request, http: { ...request.http, headers: new Map(request.http.headers) } }
          : (request ?? undefined);
      // Their keys are not known any more: nothing can be added to these.
      tally.#connections.set(`restored ${index}`, { ...rest, request: restored });
    }
    return tally;
  }

  #meaningOf(flow: Flow | undefined): FlowMeaning {
    if (flow === undefined) return "no flow";
    const reason = skipReason(flow);
    if (reason !== undefined) return reason;
    const { verdict } = flow;
    return {
      connection: this.#connectionOf(flow),
      isDenied: verdict === "DROPPED",
      isAudited: verdict === "AUDIT",
    };
  }

  #count(meaning: FlowMeaning, { count, firstTime, lastTime }: FlowRun): void {
    this.#flowCount += count;
    if (typeof meaning === "string") {
      this.#skipped.set(meaning, (this.#skipped.get(meaning) ?? 0) + count);
      return;
    }
    const { connection, isDenied, isAudited } = meaning;
    if (isDenied) connection.deniedCount += count;
    else connection.forwardedCount += count;
    if (isAudited) connection.auditedCount += count;
    if (connection.firstTime === "" || firstTime < connection.firstTime) {
      connection.firstTime = firstTime;
    }
    if (lastTime > connection.lastTime) connection.lastTime = lastTime;
  }

  #connectionOf(flow: Flow): Connection {
    const key = keyOf(flow);
    let connection = this.#connections.get(key);
    if (connection !== undefined) return connection;
    if (this.#connections.size >= connectionsMax) {
      throw new LimitError("cannot take more flows: too many distinct connections; filter them", {
        limit: "connectionsMax",
        actual: connectionsMax,
      });
    }
    const service = portOf(flow);
    assert(service !== undefined, "flows without a port are skipped");
    connection = {
      source: endOf(flow.source, flow.IP?.source, flow.source_names),
      destination: endOf(flow.destination, flow.IP?.destination, flow.destination_names),
      ...service,
      direction: flow.traffic_direction === "INGRESS" ? "ingress" : "egress",
      request: requestOf(flow),
      forwardedCount: 0,
      deniedCount: 0,
      auditedCount: 0,
      firstTime: "",
      lastTime: "",
    };
    this.#connections.set(key, connection);
    return connection;
  }
}

/** Order of the ASCII bytes at `start` and a text; neither is the other's beginning, as times end with Z. */
function compareAscii(bytes: Uint8Array, start: number, text: string): number {
  for (let i = 0; i < text.length; i++) {
    const difference = (bytes[start + i] as number) - text.charCodeAt(i);
    if (difference !== 0) return difference;
  }
  return text === "" ? 1 : 0;
}

function runOf(time = ""): FlowRun {
  return { count: 1, firstTime: time, lastTime: time };
}

/** Drop reasons that policies are behind. */
const policyDrops = ["POLICY_DENIED", "POLICY_DENY", "AUTH_REQUIRED"];

/** Why the flow is passed over, whatever its ends are; undefined = it counts. */
export function skipReason(flow: Flow): SkipReason | undefined {
  if (isReply(flow)) return "reply";
  const { traffic_direction: direction } = flow;
  if (direction !== "INGRESS" && direction !== "EGRESS") return "no direction";
  if (portOf(flow) === undefined) return "no port";
  if (flow.verdict === "ERROR") return "dropped otherwise";
  const isOtherDrop =
    flow.verdict === "DROPPED" &&
    flow.l7 === undefined &&
    !policyDrops.includes(String(flow.drop_reason_desc));
  return isOtherDrop ? "dropped otherwise" : undefined;
}

const policyVerdictEvent = 5;

function isReply(flow: Flow): boolean {
  if (flow.l7 !== undefined) return flow.l7.type === "RESPONSE";
  if (flow.verdict === "DROPPED" || flow.event_type?.type === policyVerdictEvent) return false;
  if (flow.is_reply !== undefined) return flow.is_reply;
  // Without the datapath's word only TCP tells who began.
  const flags = flow.l4?.TCP?.flags;
  return flow.reply === true || flags?.SYN !== true || flags.ACK === true;
}

function portOf(flow: Flow): { protocol: PolicyProtocol; port: number } | undefined {
  const { l4 } = flow;
  if (l4?.TCP !== undefined) return { protocol: "TCP", port: l4.TCP.destination_port ?? 0 };
  if (l4?.UDP !== undefined) return { protocol: "UDP", port: l4.UDP.destination_port ?? 0 };
  if (l4?.SCTP !== undefined) return { protocol: "SCTP", port: l4.SCTP.destination_port ?? 0 };
  if (l4?.ICMPv4 !== undefined) return { protocol: "ICMP", port: l4.ICMPv4.type ?? 0 };
  if (l4?.ICMPv6 !== undefined) return { protocol: "ICMPV6", port: l4.ICMPv6.type ?? 0 };
  return undefined;
}

function keyOf(flow: Flow): string {
  const { l7 } = flow;
  const port = portOf(flow);
  const request =
    l7?.http !== undefined
      ? `${l7.http.method} ${l7.http.url} ${l7.http.headers?.map(({ key, value }) => `${key}:${value}`).join("\n") ?? ""}`
      : (l7?.dns?.query ?? "");
  return [
    flow.traffic_direction,
    port?.protocol,
    port?.port,
    endKey(flow.source, flow.IP?.source, flow.source_names),
    endKey(flow.destination, flow.IP?.destination, flow.destination_names),
    request,
  ].join("\t");
}

/** An end of a connection as a text: ends of the same text are the same end to a tally. */
export function endKey(
  end: FlowEndpoint | undefined,
  address: string | undefined,
  names: readonly string[] | undefined,
): string {
  const labels = end?.labels?.join(",") ?? "";
  // Addresses matter outside the cluster only.
  const outside = labels.includes("reserved:world") ? `${address} ${names?.join(",") ?? ""}` : "";
  return `${labels} ${end?.cluster_name ?? ""} ${end?.workloads?.[0]?.name ?? end?.pod_name ?? ""} ${outside}`;
}

function endOf(
  end: FlowEndpoint | undefined,
  address: string | undefined,
  names: readonly string[] | undefined,
): ConnectionEnd {
  const labels = [...(end?.labels ?? [])];
  const reserved = labels.find((label) => label.startsWith("reserved:"))?.slice("reserved:".length);
  const isPod = reserved === undefined && labels.some((label) => label.includes(namespaceLabelKey));
  // Older versions leave the cluster out of a flow's labels, and selectors ask for it.
  if (isPod && !labels.some((label) => label.includes(clusterLabelKey))) {
    labels.push(`k8s:${clusterLabelKey}=${end?.cluster_name || "default"}`);
  }
  const isOutside = labels.some((label) => label.startsWith("reserved:world"));
  const namespace = end?.namespace || undefined;
  const normalNames = (names ?? []).map(normalizeName);
  return {
    name: isOutside ? `world (${names?.[0] ?? address ?? "?"})` : endName(end, reserved ?? address),
    endpoint: isOutside
      ? { labels, ...(address === undefined ? {} : { address }), names: normalNames }
      : { labels },
    namespace: isPod ? namespace : undefined,
    isEnforced: isPod || reserved === "health" || reserved === "init" || reserved === "ingress",
  };
}

function endName(end: FlowEndpoint | undefined, fallback = "unknown"): string {
  const workload = end?.workloads?.[0]?.name ?? end?.pod_name ?? "";
  if (workload === "") return fallback;
  return end?.namespace ? `${end.namespace}/${workload}` : workload;
}

function requestOf(flow: Flow): ConnectionRequest | undefined {
  const { http, dns } = flow.l7 ?? {};
  if (dns?.query !== undefined) return { parser: "dns", name: dns.query };
  if (http === undefined) return undefined;
  const { path, host } = splitUrl(http.url ?? "/");
  const headers = new Map<string, string>();
  for (const { key = "", value = "" } of http.headers ?? []) {
    const name = key.toLowerCase();
    const known = headers.get(name);
    headers.set(name, known === undefined ? value : `${known},${value}`);
  }
  return {
    parser: "http",
    http: { method: http.method ?? "", path, host: headers.get(":authority") ?? host, headers },
  };
}

/** "http://web:8080/a?b" → /a?b, web:8080. */
function splitUrl(url: string): { path: string; host: string } {
  const match = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)(.*)$/i.exec(url);
  if (match === null) return { path: url, host: "" };
  const rest = match[2] ?? "";
  return { path: rest.startsWith("/") ? rest : `/${rest}`, host: match[1] ?? "" };
}

/** "TCP/80 GET /v1", "UDP/53 docs.cilium.io.", "ICMP/8". */
export function formatService({ protocol, port, request }: Connection): string {
  const base = `${protocol}/${port}`;
  if (request === undefined) return base;
  return request.parser === "http"
    ? `${base} ${request.http.method} ${request.http.path}`
    : `${base} ${request.name}`;
}
