/** What the proxy is asked for where several rules apply: their L7 rules united. */

import type { DnsRule, HttpRule, KafkaRule, L7Rules } from "../document/policy-document.ts";
import type { L7Verdict } from "./verdict.ts";

/** A rule's part that allows the packet. */
export interface AllowPart {
  readonly l7: L7Rules | undefined;
  readonly serverNames: readonly string[];
  /** Rules of the same filter and selector are merged into one. */
  readonly filter: string;
  readonly selector: string;
  /** Names the packet's port, not only its protocol or peer. */
  readonly hasPort: boolean;
}

/**
 * The rules of all applicable entries together. One entry without L7 rules opens every request; for
 * DNS only one of the same exact port does, since the DNS proxy sees nothing else. Without default
 * deny L7 rules restrict nothing, but the traffic still passes the proxy.
 */
export function uniteL7(
  applicable: readonly AllowPart[],
  isDefaultDeny: boolean,
): L7Verdict | undefined {
  const rules = applicable.flatMap(({ l7 }) => l7 ?? []);
  // Server names go along with any parser; alone they are one themselves.
  const first = rules.find(({ parser }) => parser !== "tls") ?? rules[0];
  if (first === undefined) return undefined;
  const { isUnrestricted, isWildcarded } = openingOf(applicable, isDefaultDeny);
  const names = [...new Set(applicable.flatMap(({ serverNames }) => serverNames))].sort();
  const withNames = names.length === 0 ? {} : { serverNames: names };
  switch (first.parser) {
    case "http": {
      const http = rules.flatMap((one) => (one.parser === "http" ? one.http : []));
      const all = distinct(isWildcarded ? [...http, everyRequest] : http);
      const allowAll = isUnrestricted || all.some(isOpenHttp);
      return { parser: "http", allowAll, http: all, ...withNames };
    }
    case "dns":
      return uniteDns(applicable, isDefaultDeny, isWildcarded);
    case "kafka": {
      const kafka = rules.flatMap((one) => (one.parser === "kafka" ? one.kafka : []));
      const all = distinct(isWildcarded ? [...kafka, everyKafkaRequest] : kafka);
      const allowAll = isUnrestricted || all.some(isOpenKafka);
      return { parser: "kafka", allowAll, kafka: all, ...withNames };
    }
    case "l7": {
      const lists = rules.flatMap((one) => (one.parser === "l7" ? [one.l7] : []));
      // A parser named without rules lets everything pass.
      const isOpen = isUnrestricted || isWildcarded;
      const allowAll = isOpen || lists.some((list) => list.length === 0);
      return { parser: "l7", l7proto: first.l7proto, allowAll, l7: lists.flat(), ...withNames };
    }
    case "tls":
      return { parser: "tls", allowAll: isUnrestricted, serverNames: names };
    case "crd":
      return { parser: "crd", allowAll: isUnrestricted, listener: first.listener, ...withNames };
  }
}

/** Rules that say the same are told once, at the first line. */
function distinct<Rule extends { readonly line: number }>(rules: readonly Rule[]): Rule[] {
  if (rules.length < 2) return [...rules];
  const byText = new Map<string, Rule>();
  for (const rule of rules) {
    const text = JSON.stringify({ ...rule, line: 0 });
    if (!byText.has(text)) byText.set(text, rule);
  }
  return [...byText.values()];
}

function uniteDns(
  applicable: readonly AllowPart[],
  isDefaultDeny: boolean,
  isWildcarded: boolean,
): L7Verdict {
  const dns = applicable.flatMap(({ l7 }) => (l7?.parser === "dns" ? l7.dns : []));
  const hasOpenPort = applicable.some(({ l7, hasPort }) => l7 === undefined && hasPort);
  const isOpen = !isDefaultDeny || hasOpenPort;
  return {
    parser: "dns",
    allowAll: isOpen || dns.some(isOpenDns),
    dns: distinct(isWildcarded ? [...dns, everyName] : dns),
  };
}

/**
 * Parts that ask nothing of the proxy: one of the same filter and selector as rules is merged into
 * them, as a rule for every request where there are such; server names and listeners stay.
 */
function openingOf(applicable: readonly AllowPart[], isDefaultDeny: boolean) {
  const keyOf = ({ filter, selector }: AllowPart) => `${filter}|${selector}`;
  const restricted = new Set(applicable.filter(({ l7 }) => l7 !== undefined).map(keyOf));
  const open = applicable.filter(({ l7 }) => l7 === undefined);
  const twins = open.filter((part) => restricted.has(keyOf(part)));
  return {
    isUnrestricted: !isDefaultDeny || open.length > twins.length,
    isWildcarded: !isDefaultDeny || twins.length > 0,
  };
}

const everyRequest: HttpRule = {
  method: undefined,
  path: undefined,
  host: undefined,
  headers: [],
  line: 0,
};
const everyName: DnsRule = { matchName: undefined, matchPattern: "*", line: 0 };

function isOpenHttp({ method, path, host, headers }: HttpRule): boolean {
  return !method && !path && !host && headers.length === 0;
}

const everyKafkaRequest: KafkaRule = {
  role: undefined,
  apiKey: undefined,
  apiVersion: undefined,
  clientId: undefined,
  topic: undefined,
  line: 0,
};

function isOpenKafka({ role, apiKey, apiVersion, clientId, topic }: KafkaRule): boolean {
  return !role && !apiKey && !apiVersion && !clientId && !topic;
}

function isOpenDns({ matchPattern }: DnsRule): boolean {
  return matchPattern !== undefined && /^\*+\.?$/.test(matchPattern);
}
