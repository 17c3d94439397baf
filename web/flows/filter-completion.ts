/** What can be completed in the filter line: flags with their meaning, values with how many flows have them. */

import type { FlowFieldsAnswer } from "../../src/api/wire/flows.ts";
import { type FilterSpot, quoteValue } from "./filter-text.ts";

/** One entry of the list. */
export interface FilterOption {
  /** As it is put into the line. */
  readonly insert: string;
  readonly label: string;
  /** What it means, or how many flows have it. */
  readonly detail: string;
  /** Replaces the whole line instead of the word at the cursor. */
  readonly isWholeLine?: boolean;
}

const optionsMax = 10;

/** Flags whose values are few and known. */
const knownValues: Readonly<Record<string, readonly string[]>> = {
  "--type": ["l7", "drop", "trace", "policy-verdict", "capture", "trace-sock"],
  "--tcp-flags": ["SYN", "FIN", "RST", "ACK", "PSH", "SYN,ACK"],
  "--ip-version": ["v4", "v6"],
  "--traffic-direction": ["ingress", "egress"],
  "--verdict": ["FORWARDED", "DROPPED", "AUDIT", "REDIRECTED", "ERROR", "TRACED", "TRANSLATED"],
  "--protocol": ["tcp", "udp", "icmp", "http", "dns", "kafka", "sctp"],
  "--http-status": ["2+", "3+", "4+", "5+"],
};

const plainFields: Readonly<Record<string, string>> = {
  "--verdict": "verdict",
  "--drop-reason-desc": "drop-reason",
  "--node-name": "node",
  "--traffic-direction": "traffic-direction",
  "--protocol": "protocol",
  "--http-status": "http-status",
  "--http-method": "http-method",
  "--http-url": "http-url",
  "--trace-id": "trace-id",
};

/** Fields of /flows/values that a flag's values come from. */
export function fieldsOfFlag(flag: string, fields: readonly string[]): readonly string[] {
  const plain = plainFields[flag];
  if (plain !== undefined) return [plain];
  const name = flag.replace(/^--?/, "").replace(/^n$/, "namespace").replace(/^l$/, "label");
  const [, side, what = ""] = /^(?:(from|to)-)?(.+)$/.exec(name) ?? [];
  const sides = side === "from" ? ["source"] : side === "to" ? ["destination"] : undefined;
  return (sides ?? ["source", "destination"])
    .map((end) => `${end}-${what}`)
    .filter((field) => fields.includes(field));
}

/** Flags that begin so first, then those that hold it. */
export function flagOptions(
  spot: FilterSpot,
  flags: FlowFieldsAnswer["flags"],
): readonly FilterOption[] {
  const wanted = spot.prefix.toLowerCase();
  const bare = wanted.replace(/^-+/, "");
  const rank = (flag: string) => {
    if (flag.startsWith(wanted) || flag.startsWith(`--${bare}`)) return 0;
    return flag.includes(bare) ? 1 : 2;
  };
  return flags
    .filter(({ flag }) => rank(flag) < 2 && flag !== spot.prefix)
    .sort((a, b) => rank(a.flag) - rank(b.flag) || orderOf(a.flag) - orderOf(b.flag))
    .slice(0, optionsMax)
    .map(({ flag, help }) => ({ insert: `${flag} `, label: flag, detail: help }));
}

/** What people ask for most comes first among equals. */
const usual = [
  "--verdict",
  "--namespace",
  "--pod",
  "--from-pod",
  "--to-pod",
  "--protocol",
  "--to-port",
  "--not",
];

function orderOf(flag: string): number {
  const at = usual.indexOf(flag);
  return at < 0 ? usual.length : at;
}

/** Values with their counts; known ones that no flow has come last. */
export function valueOptions(
  spot: FilterSpot,
  found: readonly { readonly value: string; readonly flows: number }[],
  format: (count: number) => string,
): readonly FilterOption[] {
  const prefix = spot.prefix.toLowerCase();
  const isLower = spot.flag === "--protocol" || spot.flag === "--traffic-direction";
  const counted = found
    .map(({ value, flows }) => ({ value: isLower ? value.toLowerCase() : value, flows }))
    .filter(({ value }) => value !== "" && value.toLowerCase().includes(prefix));
  const values = new Set(counted.map(({ value }) => value));
  const known = (knownValues[spot.flag] ?? [])
    .filter((value) => !values.has(value) && value.toLowerCase().startsWith(prefix))
    .map((value) => ({ value, flows: 0 }));
  return [...counted, ...known].slice(0, optionsMax).map(({ value, flows }) => ({
    insert: `${quoteValue(value)} `,
    label: value,
    detail: flows === 0 ? "" : `${format(flows)} flows`,
  }));
}
