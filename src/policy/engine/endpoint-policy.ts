/**
 * The policy of one set of identity labels: which specs select it, in which direction it is closed,
 * and whether its entries contradict each other. Semantics of the agent's options included.
 */

import type {
  L7Rules,
  PolicyDirection,
  PolicyEntry,
  PolicySpec,
} from "../document/policy-document.ts";
import {
  type IdentityLabel,
  matchesSelector,
  namespaceLabelKey,
} from "../selector/label-selector.ts";
import { formatPeer } from "../selector/peer-selector.ts";
import type { DirectionPolicy } from "./verdict.ts";

/** The agent's `enable-policy`. */
export type PolicyEnforcementMode = "default" | "always" | "never";

/** The agent's options that matter here. */
export interface EnforcementOptions {
  readonly mode: PolicyEnforcementMode;
  /** `enable-host-firewall`: nodeSelector policies act. */
  readonly hasHostFirewall: boolean;
}

/** Both directions; `error` stops both. */
export interface ResolvedPolicy {
  readonly ingress: DirectionPolicy;
  readonly egress: DirectionPolicy;
  readonly error: string | undefined;
}

/** Specs by the namespace that their subject lies in, so that a subject meets only its own. */
export class SpecIndex {
  readonly #byNamespace = new Map<string, number[]>();
  readonly #general: number[] = [];
  readonly #specs: readonly PolicySpec[];

  constructor(specs: readonly PolicySpec[]) {
    this.#specs = specs;
    for (const [index, { subject }] of specs.entries()) {
      const condition = subject.conditions.find(
        ({ key, operator }) => key === namespaceLabelKey && operator === "In",
      );
      if (condition === undefined) this.#general.push(index);
      for (const namespace of condition?.values ?? []) {
        const list = this.#byNamespace.get(namespace);
        if (list === undefined) this.#byNamespace.set(namespace, [index]);
        else list.push(index);
      }
    }
  }

  /** Places of the specs whose subject is the endpoint, in the order of the policies. */
  select(labels: readonly IdentityLabel[]): number[] {
    const isHost = labels.some(({ source, key }) => source === "reserved" && key === "host");
    const subjectKind = isHost ? "node" : "endpoint";
    const namespace = labels.find(({ key }) => key === namespaceLabelKey)?.value;
    const own = namespace === undefined ? [] : (this.#byNamespace.get(namespace) ?? []);
    const found: number[] = [];
    for (const index of [...own, ...this.#general].sort((a, b) => a - b)) {
      const spec = this.#specs[index];
      if (spec === undefined || spec.subjectKind !== subjectKind) continue;
      if (matchesSelector(spec.subject, labels)) found.push(index);
    }
    return found;
  }
}

/** What an endpoint's policy depends on; endpoints that agree in this share it. */
export interface EndpointSelection {
  /** Places in the index. */
  readonly specs: readonly number[];
  /** Both directions are closed whatever the specs say. */
  readonly isClosed: boolean;
}

/** Finds the specs that select an endpoint. */
export function selectSpecs(
  index: SpecIndex,
  labels: readonly IdentityLabel[],
  { mode, hasHostFirewall }: EnforcementOptions,
): EndpointSelection {
  const hasReserved = (name: string) =>
    labels.some(({ source, key }) => source === "reserved" && key === name);
  const isOff = mode === "never" || (hasReserved("host") && !hasHostFirewall);
  if (isOff) return { specs: [], isClosed: false };
  // Endpoints without labels yet are closed until they have some.
  return { specs: index.select(labels), isClosed: mode === "always" || hasReserved("init") };
}

/** Brings the specs that select an endpoint together. */
export function resolveEndpointPolicy(
  specs: readonly PolicySpec[],
  isClosed: boolean,
): ResolvedPolicy {
  const directionOf = (direction: PolicyDirection): DirectionPolicy => {
    const entries = specs.flatMap((spec) =>
      spec.entries
        .filter((entry) => entry.direction === direction)
        .map((entry) => ({ entry, spec })),
    );
    return {
      direction,
      isEnforced: isClosed || entries.length > 0,
      isDefaultDeny: isClosed || specs.some((spec) => spec.defaultDeny[direction]),
      entries,
      hasAuth: entries.some(({ entry }) => entry.auth !== undefined),
      defaultDenyBy: specs
        .filter((spec) => spec.defaultDeny[direction])
        .flatMap((spec) => {
          const first = spec.entries.find((entry) => entry.direction === direction);
          return first === undefined ? [] : [first.origin];
        }),
      error: findConflict(entries.map(({ entry }) => entry)),
    };
  };
  const ingress = directionOf("ingress");
  const egress = directionOf("egress");
  return { ingress, egress, error: ingress.error ?? egress.error };
}

/** Entries for the same peers and port must agree on parser and authentication. */
function findConflict(entries: readonly PolicyEntry[]): string | undefined {
  if (!entries.some(({ auth, ports }) => auth !== undefined || ports?.some(({ l7 }) => l7))) {
    return undefined;
  }
  const parsers = new Map<string, string>();
  const modes = new Map<string, string>();
  for (const entry of entries) {
    if (entry.isDeny) continue;
    for (const { key, l7 } of placesOf(entry)) {
      const conflict =
        mergeParser(parsers, key, l7) ?? (entry.auth && mergeAuth(modes, key, entry.auth));
      if (conflict !== undefined) return conflict;
    }
  }
  return undefined;
}

function* placesOf(entry: PolicyEntry): Generator<{ key: string; l7: L7Rules | undefined }> {
  const peers = entry.peers?.map(formatPeer) ?? ["entity all"];
  for (const peer of peers) {
    if (entry.ports === undefined) yield { key: peer, l7: undefined };
    for (const { ports, l7 } of entry.ports ?? []) {
      for (const { protocol, first, last, name } of ports) {
        const protocols = protocol === "ANY" ? ["TCP", "UDP", "SCTP"] : [protocol];
        for (const one of protocols) yield { key: `${peer}|${one}|${name ?? first}-${last}`, l7 };
      }
    }
  }
}

function mergeParser(
  parsers: Map<string, string>,
  key: string,
  l7: L7Rules | undefined,
): string | undefined {
  if (l7 === undefined) return undefined;
  const parser = l7.parser === "l7" ? l7.l7proto : l7.parser;
  const known = parsers.get(key);
  if (known === undefined || isPromotedTo(known, parser)) parsers.set(key, parser);
  else if (known !== parser && !isPromotedTo(parser, known)) {
    return `cannot merge conflicting L7 parsers (${known}/${parser})`;
  }
  return undefined;
}

/** Rules about server names go along with any parser but DNS and Envoy listeners. */
function isPromotedTo(from: string, to: string): boolean {
  return from === "tls" && to !== "dns" && to !== "crd";
}

function mergeAuth(modes: Map<string, string>, key: string, mode: string): string | undefined {
  const known = modes.get(key);
  if (known === undefined) modes.set(key, mode);
  else if (known !== mode) {
    return `cannot merge conflicting authentication types (${mode}/${known})`;
  }
  return undefined;
}
