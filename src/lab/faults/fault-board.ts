/**
 * Faults made on purpose (`lab fault inject`). The board only says what is in force; each part of the
 * laboratory asks it where it works, so that the effects reach metrics and flows by the usual ways:
 * a node that is down answers no probe and no scrape, a broken kube-dns answers no query.
 */

import type { Clock } from "../../base/clock.ts";
import { AppError } from "../../base/errors.ts";
import { type DropReason, dropReasonNumbers } from "../../flow/model/generated/enums.ts";
import { dropReasonTexts } from "../../flow/model/generated/names.ts";
import { didYouMean } from "../../schema/did-you-mean.ts";

/** Every kind, what it does, and which settings it takes. */
export const faultKinds = {
  "node-down": {
    summary: "the node's agent, pods and health endpoint answer nothing",
    needsNode: true,
    share: undefined,
  },
  "policy-import-error": {
    summary: "every policy that is applied is refused, as by a broken admission",
    needsNode: false,
    share: undefined,
  },
  "slow-regeneration": {
    summary: "each endpoint regeneration takes --ms longer (2000)",
    needsNode: false,
    share: undefined,
  },
  "lost-events": {
    summary: "Hubble's ring buffer loses a share of the flows (0.5)",
    needsNode: false,
    share: 0.5,
  },
  "dns-failure": {
    summary: "kube-dns leaves a share of the queries (1) without an answer, or answers --rcode",
    needsNode: false,
    share: 1,
  },
  "packet-drop": {
    summary: "the datapath drops a share of the new connections with --reason (0.3)",
    needsNode: false,
    share: 0.3,
  },
  "map-pressure": {
    summary: "conntrack, policy and NAT maps are filled to a share of their size (0.95)",
    needsNode: false,
    share: 0.95,
  },
  "mesh-unreachable": {
    summary: "the Cluster Mesh API server of --cluster cannot be reached",
    needsNode: false,
    share: undefined,
  },
} as const;

/** One of the kinds above. */
export type FaultKind = keyof typeof faultKinds;

/** Drop reasons below are no drops. */
const dropReasonMin = 130;

/** A drop reason's name in flows; undefined where flows have none for it. */
export function dropReasonName(reason: number): DropReason | undefined {
  for (const [name, id] of Object.entries(dropReasonNumbers))
    if (id === reason) return name as keyof typeof dropReasonNumbers;
  return undefined;
}

/** A drop reason's text, as `cilium_drop_count_total{reason}` has it. */
export function dropReasonText(reason: number): string {
  return dropReasonTexts[reason] ?? String(reason);
}

/** What somebody asks for. */
export interface FaultRequest {
  readonly kind: FaultKind;
  /** Only there; absent = everywhere. */
  readonly node?: string;
  readonly cluster?: string;
  /** 0 to 1. */
  readonly share?: number;
  /** For slow-regeneration. */
  readonly ms?: number;
  /** For packet-drop: a number of flow.DropReason. */
  readonly reason?: number;
  /** For dns-failure: a DNS response code; absent = silence. */
  readonly rcode?: number;
}

/** A fault in force. */
export interface Fault extends FaultRequest {
  /** "1", "2"…: what `lab fault clear` takes. */
  readonly id: string;
  readonly sinceMs: number;
}

const faultsMax = 100;
const slowMsDefault = 2000;
const slowMsMax = 600_000;
const dropReasonDefault = 155;
const responseCodes = { FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const;

/** What is in force. Asking is O(faults in force), which are few. */
export class FaultBoard {
  readonly #clock: Clock;
  #faults: readonly Fault[] = [];
  #nextId = 1;
  readonly #listeners = new Set<(fault: Fault, isOn: boolean) => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  list(): readonly Fault[] {
    return this.#faults;
  }

  /** Hears of faults that come and go. */
  onChange(listener: (fault: Fault, isOn: boolean) => void): void {
    this.#listeners.add(listener);
  }

  inject(request: FaultRequest): Fault {
    if (this.#faults.length >= faultsMax) {
      throw new AppError("limit", `cannot inject more than ${faultsMax} faults: clear some`);
    }
    const fault: Fault = { ...request, id: String(this.#nextId++), sinceMs: this.#clock.nowMs() };
    this.#faults = [...this.#faults, fault];
    for (const listener of this.#listeners) listener(fault, true);
    return fault;
  }

  /** Clears one fault by id or all of a kind; undefined = all. Returns those that went. */
  clear(which?: string): readonly Fault[] {
    const gone = this.#faults.filter(
      ({ id, kind }) => which === undefined || id === which || kind === which,
    );
    this.#faults = this.#faults.filter((fault) => !gone.includes(fault));
    for (const fault of gone) for (const listener of this.#listeners) listener(fault, false);
    return gone;
  }

  isNodeDown(nodeName: string | undefined): boolean {
    if (this.#faults.length === 0 || nodeName === undefined) return false;
    return this.#faults.some(({ kind, node }) => kind === "node-down" && node === nodeName);
  }

  /** The fault of a kind that holds on a node. */
  find(kind: FaultKind, nodeName?: string): Fault | undefined {
    if (this.#faults.length === 0) return undefined;
    return this.#faults.find(
      (fault) => fault.kind === kind && (fault.node === undefined || fault.node === nodeName),
    );
  }

  /** The share of a fault in force on a node; 0 where there is none. */
  share(kind: FaultKind, nodeName?: string): number {
    const fault = this.find(kind, nodeName);
    return fault === undefined ? 0 : (fault.share ?? faultKinds[kind].share ?? 1);
  }

  /** Why a new connection is dropped on a node; undefined = it is not. `chance`: 0 to 1. */
  dropReason(nodeName: string | undefined, chance: () => number): number | undefined {
    if (this.#faults.length === 0) return undefined;
    // A full conntrack map takes no new connection.
    if (this.share("map-pressure", nodeName) >= 1) return 155;
    const fault = this.find("packet-drop", nodeName);
    if (fault === undefined || chance() >= this.share("packet-drop", nodeName)) return undefined;
    return fault.reason ?? dropReasonDefault;
  }

  regenerationDelayMs(nodeName: string): number {
    const fault = this.find("slow-regeneration", nodeName);
    return fault === undefined ? 0 : (fault.ms ?? slowMsDefault);
  }

  isMeshCut(clusterName: string): boolean {
    return this.#faults.some(
      ({ kind, cluster }) =>
        kind === "mesh-unreachable" && (cluster === undefined || cluster === clusterName),
    );
  }
}

/** Checks outside data. Throws AppError `usage` that says what is wanted. */
export function checkFaultRequest(
  value: unknown,
  known: { readonly nodes: readonly string[]; readonly clusters: readonly string[] },
): FaultRequest {
  const { kind, node, cluster, share, ms, reason, rcode } = (value ?? {}) as Record<
    string,
    unknown
  >;
  const kinds = Object.keys(faultKinds);
  if (typeof kind !== "string" || !kinds.includes(kind)) {
    throw new AppError(
      "usage",
      `cannot inject fault ${JSON.stringify(kind)}: kinds are ${kinds.join(", ")}${didYouMean(String(kind), kinds)}`,
    );
  }
  const wanted = faultKinds[kind as FaultKind];
  if (wanted.needsNode && node === undefined) {
    throw new AppError(
      "usage",
      `cannot inject ${kind}: say which node, as in --node ${known.nodes[0] ?? "NAME"}`,
    );
  }
  requireKnown("node", node, known.nodes);
  requireKnown("cluster", cluster, known.clusters);
  requireNumber("share", share, 1);
  requireNumber("ms", ms, slowMsMax);
  const wantedReason = reason === undefined ? undefined : toDropReason(reason);
  const wantedCode = rcode === undefined ? undefined : toResponseCode(rcode);
  return {
    kind: kind as FaultKind,
    ...(typeof node === "string" ? { node } : {}),
    ...(typeof cluster === "string" ? { cluster } : {}),
    ...(typeof share === "number" ? { share } : {}),
    ...(typeof ms === "number" ? { ms } : {}),
    ...(wantedReason === undefined ? {} : { reason: wantedReason }),
    ...(wantedCode === undefined ? {} : { rcode: wantedCode }),
  };
}

/** A number or a name of flow.DropReason. */
function toDropReason(value: unknown): number {
  const names = Object.keys(dropReasonNumbers);
  const byName = (dropReasonNumbers as Readonly<Record<string, number>>)[
    String(value).toUpperCase()
  ];
  const number = byName ?? Number(value);
  if (number >= dropReasonMin && dropReasonName(number) !== undefined) return number;
  throw new AppError(
    "usage",
    `cannot drop with reason ${JSON.stringify(value)}: want a number or name of Hubble's drop reasons, as 155 or CT_MAP_INSERTION_FAILED${didYouMean(String(value).toUpperCase(), names)}`,
  );
}

/** A number or a name of a DNS response code that tells of a failure. */
function toResponseCode(value: unknown): number {
  const names = Object.keys(responseCodes);
  const text = String(value).toUpperCase();
  const byName = (responseCodes as Readonly<Record<string, number>>)[text];
  const number = byName ?? Number(value);
  if (Object.values<number>(responseCodes).includes(number)) return number;
  throw new AppError(
    "usage",
    `cannot answer with ${JSON.stringify(value)}: want a DNS response code, one of ${names.join(", ")}${didYouMean(text, names)}`,
  );
}

function requireKnown(what: string, value: unknown, known: readonly string[]): void {
  if (value === undefined || known.includes(value as string)) return;
  throw new AppError(
    "usage",
    `cannot find ${what} ${JSON.stringify(value)}: there are ${known.join(", ")}${didYouMean(String(value), known)}`,
  );
}

function requireNumber(what: string, value: unknown, max: number): void {
  if (value === undefined) return;
  if (typeof value !== "number" || !(value >= 0 && value <= max)) {
    throw new AppError(
      "usage",
      `cannot use ${what} ${JSON.stringify(value)}: want a number from 0 to ${max}`,
    );
  }
}
