/**
 * `dns`: hubble_dns_queries_total, hubble_dns_responses_total, hubble_dns_response_types_total.
 * The agent's own label names depend on the number of context labels by a mistake of the original
 * (two label lists share memory): with 5 or 9 to 13 of them `rcode` is called `type`, and with
 * `query` and 9 to 12 of them the agent cannot start. Kept, so that our series are the agent's series.
 */

import { ConfigError } from "../../../base/errors.ts";
import type { CounterFamily } from "../../../metrics/families.ts";
import { describe, type HandlerKind, type HandlerSetup, registerCounter } from "../../handler.ts";
import { hasOption } from "../../spec.ts";

const rcodeTexts: Readonly<Record<number, string>> = {
  0: "No Error",
  1: "Format Error",
  2: "Server Failure",
  3: "Non-Existent Domain",
  4: "Not Implemented",
  5: "Query Refused",
  6: "Name Exists when it should not",
  7: "RR Set Exists when it should not",
  8: "RR Set that should exist does not",
  9: "Not Authorized",
  10: "Name not contained in zone",
  11: "DSO-TYPE Not Implemented",
  16: "Bad OPT Version",
  17: "Key not recognized",
  18: "Signature out of time window",
  19: "Bad TKEY Mode",
  20: "Duplicate key name",
  21: "Algorithm not supported",
  22: "Bad Truncation",
  23: "Bad/missing Server Cookie",
};

interface DnsFamilies {
  readonly queries: CounterFamily;
  readonly responses: CounterFamily;
  readonly responseTypes: CounterFamily;
}

/** The handler `dns`. */
export const dnsHandler: HandlerKind = {
  name: "dns",
  summary: "Counts DNS queries and responses by type, return code and number of addresses.",
  options: {
    query: "Adds the label `query` with the name that was asked for.",
    ignoreAAAA: "Leaves out queries for AAAA only.",
  },
  conflictsWith: [],
  create(setup) {
    const { context, spec } = setup;
    const hasQuery = hasOption(spec, "query");
    const isAaaaIgnored = hasOption(spec, "ignoreAAAA");
    const { queries, responses, responseTypes } = registerFamilies(setup, hasQuery);
    const count = context.labelNames.length;
    const values: string[] = new Array(queries.labelNames.length).fill("");
    const typeValues: string[] = new Array(responseTypes.labelNames.length).fill("");
    function countTypes(rrtypes: readonly string[]): void {
      for (let i = 0; i < count; i++) typeValues[i] = values[i]!;
      typeValues[count + 1] = values[count + 1]!;
      if (hasQuery) typeValues[count + 2] = values[count + 3]!;
      for (let i = 0; i < rrtypes.length; i++) {
        typeValues[count] = rrtypes[i]!;
        responseTypes.labelsOf(typeValues).inc();
      }
    }
    const flags = (hasQuery ? "query," : "") + (isAaaaIgnored ? "ignoreAAAA," : "");
    return {
      status: flags + context.status,
      families: [queries, responses, responseTypes],
      processFlow(flow) {
        const dns = flow.l7?.dns;
        if (dns === undefined) return;
        const { qtypes } = dns;
        if (isAaaaIgnored && qtypes?.length === 1 && qtypes[0] === "AAAA") return;
        const isDropped = flow.verdict === "DROPPED";
        const isQuery = isDropped || flow.is_reply !== true;
        context.write(flow, values, 0);
        values[count] = rcodeText(isDropped, isQuery, dns.rcode ?? 0);
        values[count + 1] = typesText(qtypes);
        values[count + 2] = String(dns.ips?.length ?? 0);
        if (hasQuery) values[count + 3] = dns.query ?? "";
        (isQuery ? queries : responses).labelsOf(values).inc();
        if (!isQuery && dns.rrtypes !== undefined) countTypes(dns.rrtypes);
      },
    };
  },
};

function rcodeText(isDropped: boolean, isQuery: boolean, rcode: number): string {
  if (isDropped) return "Policy denied";
  return isQuery ? "" : (rcodeTexts[rcode] ?? "");
}

function typesText(qtypes: readonly string[] | undefined): string {
  if (qtypes === undefined) return "";
  return qtypes.length === 1 ? qtypes[0]! : qtypes.join(",");
}

function registerFamilies(setup: HandlerSetup, hasQuery: boolean): DnsFamilies {
  const context = setup.context.labelNames;
  const query = hasQuery ? ["query"] : [];
  const rcode = sharesMemory(context.length, 3) ? "type" : "rcode";
  const help = "Number of DNS queries observed";
  const queryLabels = [...context, rcode, "qtypes", "ips_returned", ...query];
  if (hasQuery && sharesMemory(context.length, 4)) refuse(help, [...context, "type", "qtypes"]);
  return {
    queries: registerCounter(setup, {
      name: "hubble_dns_queries_total",
      help,
      labelNames: queryLabels,
    }),
    responses: registerCounter(setup, {
      name: "hubble_dns_responses_total",
      help,
      labelNames: queryLabels,
    }),
    responseTypes: registerCounter(setup, {
      name: "hubble_dns_response_types_total",
      help,
      labelNames: [...context, "type", "qtypes", ...query],
    }),
  };
}

/** Whether a list of `length` items, grown by doubling, has room for `more`: then the original's lists overlap. */
function sharesMemory(length: number, more: number): boolean {
  if (length === 0) return false;
  let capacity = 1;
  while (capacity < length) capacity *= 2;
  return length + more <= capacity;
}

function refuse(help: string, labelNames: readonly string[]): never {
  const name = "hubble_dns_queries_total";
  const shown = describe({ name, help, labelNames: [...labelNames, "query", "query"] });
  throw new ConfigError(
    `descriptor ${shown} is invalid: duplicate label names in constant and variable labels for metric "${name}"; use fewer than 9 or more than 12 context labels with query`,
    { path: "" },
  );
}
