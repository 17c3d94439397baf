/** Words and glyphs of policies: states, short kinds, addresses. Pure. */

import type { WirePolicyRow, WirePolicyState } from "../../src/api/wire/policy.ts";
import { formatPlainNumber } from "../charts/plain-number.ts";
import type { GlyphKind } from "../ui/glyph.tsx";
import type { PolicyId } from "./use-policies.ts";

/** How each state is shown; `isTinted`: it wants to be seen. */
export const stateWords: Readonly<
  Record<
    WirePolicyState,
    { readonly kind: GlyphKind; readonly label: string; readonly isTinted: boolean }
  >
> = {
  enforced: { kind: "ok", label: "Enforced", isTinted: false },
  audit: { kind: "audit", label: "Audit", isTinted: true },
  "not-imported": { kind: "crit", label: "Not imported", isTinted: true },
  "partly-unused": { kind: "warn", label: "Partly unused", isTinted: true },
  unused: { kind: "mute", label: "Unused", isTinted: false },
  "selects-none": { kind: "mute", label: "Selects none", isTinted: false },
};

const shortKinds: Readonly<Record<string, string>> = {
  CiliumNetworkPolicy: "CNP",
  CiliumClusterwideNetworkPolicy: "CCNP",
  NetworkPolicy: "KNP",
};

/** "CNP". */
export function shortKind(kind: string): string {
  return shortKinds[kind] ?? kind;
}

/** "default/rule1"; cluster-wide ones: "cluster/name". */
export function policyTitle({ namespace, name }: Pick<PolicyId, "namespace" | "name">): string {
  return `${namespace === "" ? "cluster" : namespace}/${name}`;
}

/** "CiliumNetworkPolicy default/rule1": what a draft says it began as. */
export function policyKey({ kind, namespace, name }: PolicyId): string {
  return `${kind} ${namespace}/${name}`;
}

/** The page's path of a policy. */
export function policyPath({ kind, namespace, name }: PolicyId): string {
  return `/policies/${[kind, namespace || "-", name].map(encodeURIComponent).join("/")}`;
}

/** "CNP, 2 endpoints, 1 of 3 rules used". */
export function policyFacts(row: WirePolicyRow): string {
  const { kind, endpoints, rules, unusedRules, error, state } = row;
  if (error !== null) return `${shortKind(kind)}, line ${error.line}: ${error.message}`;
  if (state === "selects-none") return `${shortKind(kind)}, selects no endpoint`;
  const used =
    state === "partly-unused"
      ? `${rules - unusedRules} of ${countOf(rules, "rule")} used`
      : countOf(rules, "rule");
  return `${shortKind(kind)}, ${countOf(endpoints, "endpoint")}, ${used}`;
}

/** "1 rule", "14 231 flows". */
export function countOf(count: number, noun: string): string {
  return `${formatPlainNumber(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** 0.99969 → "99.97 %"; all equal is 100 %, nothing else is. */
export function percentText(part: number, whole: number): string {
  if (whole === 0 || part === whole) return "100 %";
  return `${Math.min(99.99, (100 * part) / whole).toFixed(2)} %`;
}

/** Length of a window in words of the button: "6 h", "30 min". */
export function spanText(fromMs: number, toMs: number): string {
  const minutes = Math.round((toMs - fromMs) / 60_000);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.round(minutes / 6) / 10;
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} d`;
}

/** What a new draft begins as. */
export const newPolicyYaml = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: new-policy
  namespace: default
spec:
  endpointSelector:
    matchLabels:
      app: change-me
  ingress:
  - fromEndpoints:
    - matchLabels:
        app: change-me-too
    toPorts:
    - ports:
      - port: "80"
        protocol: TCP
`;
