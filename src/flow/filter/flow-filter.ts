/**
 * Flow filters as Hubble has them: every field of a FlowFilter that is given must match, any value of
 * a field will do; a flow passes when some filter of the allow list matches (or there is none) and no
 * filter of the deny list does. Compiled once to closures; a test allocates nothing for most fields.
 */

import { ConfigError, errorMessage } from "../../base/errors.ts";
import { eventTypes, type Flow, type FlowEndpoint } from "../model/flow.ts";
import type * as messages from "../model/generated/messages.ts";
import { parseProtojson } from "../model/protojson.ts";
import { compileCelExpressions } from "./cel/cel-program.ts";
import {
  compileHeaders,
  compileMethods,
  compilePaths,
  compileSearch,
  compileStatusCodes,
  compileUrls,
  type HttpTest,
} from "./http-pattern.ts";
import { compileIpPatterns } from "./ip-pattern.ts";
import { compileLabelSelector } from "./label-selector.ts";
import { compilePorts, compileProtocols } from "./layer4-pattern.ts";
import {
  compileDomainPatterns,
  compileNamespacedNames,
  compileNodePatterns,
  type NameTest,
} from "./name-pattern.ts";

/** One filter in the JSON form of Cilium's protobuf. */
export type FlowFilter = messages.FlowFilter;
/** Whether a flow passes. For an event that is no flow, ask with `noFlow`. */
export type FlowTest = (flow: Flow) => boolean;
/** Stands for the flow that an event does not hold: in Hubble some fields match the empty flow but not this. */
export const noFlow: Flow = Object.freeze({});

/** Reads one filter as protobuf's JSON. Throws ParseError in Go's words. */
export function parseFlowFilter(json: string): FlowFilter {
  return parseProtojson(json, "flow.FlowFilter") as FlowFilter;
}

/** Compiles an allow and a deny list. Throws ConfigError in Hubble's words. */
export function compileFlowFilters(
  allow: readonly FlowFilter[],
  deny: readonly FlowFilter[] = [],
): FlowTest {
  const allowed = compileAny(allow);
  const denied = compileAny(deny);
  if (denied === undefined) return allowed ?? (() => true);
  if (allowed === undefined) return (flow) => !denied(flow);
  return (flow) => allowed(flow) && !denied(flow);
}

/** Compiles one filter; the empty one matches every flow. Throws ConfigError. */
export function compileFlowFilter(filter: FlowFilter): FlowTest {
  const tests: FlowTest[] = [];
  for (const compile of compilers) {
    for (const test of compile(filter)) if (test !== undefined) tests.push(test);
  }
  const [only] = tests;
  if (tests.length === 1 && only !== undefined) return only;
  return (flow) => {
    for (let i = 0; i < tests.length; i++) if (!tests[i]!(flow)) return false;
    return true;
  };
}

function compileAny(filters: readonly FlowFilter[]): FlowTest | undefined {
  const tests = filters.map(compileFlowFilter);
  if (tests.length < 2) return tests[0];
  return (flow) => {
    for (let i = 0; i < tests.length; i++) if (tests[i]!(flow)) return true;
    return false;
  };
}

type Side = "source" | "destination";
type MaybeTest = FlowTest | undefined;

/** `test` for a list that is there and not empty. */
function given<Value>(
  values: readonly Value[] | undefined,
  compile: (values: readonly Value[]) => FlowTest,
): MaybeTest {
  return values === undefined || values.length === 0 ? undefined : compile(values);
}

/** Adds what Hubble says before the reason. */
function named<Result>(what: string, compile: () => Result): Result {
  try {
    return compile();
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    throw new ConfigError(`${what}: ${errorMessage(thrown)}`, { path: "" });
  }
}

/** As `oneOf`, for the fields that nothing matches where there is no flow. */
function oneOfFlow<Value>(
  values: readonly Value[] | undefined,
  read: (flow: Flow) => Value,
): MaybeTest {
  return given(values, (list) => {
    const wanted = new Set(list);
    return (flow) => flow !== noFlow && wanted.has(read(flow));
  });
}

/** A field whose value is one of those given; `read` gives the default where it is absent. */
function oneOf<Value>(
  values: readonly Value[] | undefined,
  read: (flow: Flow) => Value,
): MaybeTest {
  return given(values, (list) => {
    const wanted = new Set(list);
    return (flow) => wanted.has(read(flow));
  });
}

/** In the order in which Hubble checks fields: the first error is the one that is told. */
const compilers: readonly ((filter: FlowFilter) => readonly MaybeTest[])[] = [
  (filter) => [
    oneOfFlow(filter.uuid, (flow) => flow.uuid ?? ""),
    given(filter.event_type, compileEventTypes),
    oneOfFlow(filter.verdict, (flow) => flow.verdict ?? "VERDICT_UNKNOWN"),
    given(filter.drop_reason_desc, compileDropReasons),
    given(filter.reply, compileReply),
    oneOf(filter.encrypted, (flow) => flow.IP?.encrypted === true),
  ],
  (filter) => [
    given(filter.source_identity, (list) => compileIdentities(list, "source")),
    given(filter.destination_identity, (list) => compileIdentities(list, "destination")),
    given(filter.protocol, (list) =>
      named("invalid protocol filter", () => compileProtocols(list)),
    ),
  ],
  (filter) => [
    given(filter.source_ip, (list) => {
      const matches = compileIpPatterns(list);
      return (flow) => matches(flow.IP?.source ?? "");
    }),
    given(filter.destination_ip, (list) => {
      const matches = compileIpPatterns(list);
      return (flow) => matches(flow.IP?.destination ?? "");
    }),
    given(filter.source_ip_xlated, (list) => {
      const matches = compileIpPatterns(list);
      return (flow) => matches(flow.IP?.source_xlated ?? "");
    }),
  ],
  (filter) => [
    given(filter.source_pod, (list) => compilePods(list, "source")),
    given(filter.destination_pod, (list) => compilePods(list, "destination")),
    given(filter.source_workload, (list) => compileWorkloads(list, "source")),
    given(filter.destination_workload, (list) => compileWorkloads(list, "destination")),
    given(filter.source_service, (list) => compileServices(list, "source")),
    given(filter.destination_service, (list) => compileServices(list, "destination")),
  ],
  (filter) => [
    given(filter.source_fqdn, (list) => {
      const matches = compileDomainPatterns(list);
      return (flow) => someName(flow.source_names, matches);
    }),
    given(filter.destination_fqdn, (list) => {
      const matches = compileDomainPatterns(list);
      return (flow) => someName(flow.destination_names, matches);
    }),
    given(filter.dns_query, compileDnsQueries),
  ],
  (filter) => [
    given(filter.source_label, (list) => compileEndpointLabels(list, "source")),
    given(filter.destination_label, (list) => compileEndpointLabels(list, "destination")),
    given(filter.node_labels, (list) => {
      const matches = named("invalid node label filter", () => compileSelectors(list));
      return (flow) => matches(flow.node_labels ?? []);
    }),
  ],
  (filter) => [
    given(filter.source_port, (list) =>
      named("invalid source port filter", () => compilePorts(list, "source_port")),
    ),
    given(filter.destination_port, (list) =>
      named("invalid destination port filter", () => compilePorts(list, "destination_port")),
    ),
  ],
  compileHttp,
  (filter) => [
    given(filter.tcp_flags, compileTcpFlags),
    given(filter.node_name, (list) => {
      const matches = compileNodePatterns(list);
      return (flow) => matches(flow.node_name ?? "");
    }),
    given(filter.source_cluster_name, (list) => compileClusters(list, "source")),
    given(filter.destination_cluster_name, (list) => compileClusters(list, "destination")),
    oneOfFlow(filter.ip_version, (flow) => flow.IP?.ipVersion ?? "IP_NOT_USED"),
    oneOf(filter.trace_id, (flow) => flow.trace_context?.parent?.trace_id ?? ""),
    oneOf(filter.ip_trace_id, (flow) => flow.ip_trace_id?.trace_id ?? "0"),
    oneOfFlow(
      filter.traffic_direction,
      (flow) => flow.traffic_direction ?? "TRAFFIC_DIRECTION_UNKNOWN",
    ),
  ],
  (filter) => [
    given(filter.experimental?.cel_expression, compileCelExpressions),
    given(filter.interface, compileInterfaces),
  ],
];

function compileEventTypes(types: readonly messages.EventTypeFilter[]): FlowTest {
  return (flow) => {
    const event = flow.event_type;
    if (event === undefined) return false;
    for (let i = 0; i < types.length; i++) {
      const wanted = types[i]!;
      const type = wanted.type ?? 0;
      if (type !== 0 && type !== (event.type ?? 0)) continue;
      if (wanted.match_sub_type !== true) return true;
      if ((wanted.sub_type ?? 0) === (event.sub_type ?? 0)) return true;
    }
    return false;
  };
}

function compileDropReasons(reasons: readonly messages.Flow["drop_reason_desc"][]): FlowTest {
  const wanted = new Set(reasons);
  return (flow) =>
    flow.verdict === "DROPPED" && wanted.has(flow.drop_reason_desc ?? "DROP_REASON_UNKNOWN");
}

/** A dropped flow without a direction counts as no reply. */
function compileReply(wanted: readonly boolean[]): FlowTest {
  return (flow) => {
    if (flow.is_reply === undefined && flow.verdict !== "DROPPED") return false;
    return wanted.includes(flow.is_reply === true);
  };
}

function compileIdentities(identities: readonly number[], side: Side): FlowTest {
  const wanted = new Set(identities);
  return (flow) => {
    const endpoint = flow[side];
    return endpoint !== undefined && wanted.has(endpoint.identity ?? 0);
  };
}

function compilePods(names: readonly string[], side: Side): FlowTest {
  const matches = compileNamespacedNames(names);
  return (flow) => matches(flow[side]?.namespace ?? "", flow[side]?.pod_name ?? "");
}

function compileServices(names: readonly string[], side: Side): FlowTest {
  const matches = named(`invalid ${side} service filter`, () => compileNamespacedNames(names));
  const field = `${side}_service` as const;
  return (flow) => matches(flow[field]?.namespace ?? "", flow[field]?.name ?? "");
}

function compileWorkloads(wanted: readonly messages.Workload[], side: Side): FlowTest {
  return (flow) =>
    (flow[side]?.workloads ?? []).some((workload) => wanted.some((w) => isWorkload(workload, w)));
}

function isWorkload(workload: messages.Workload, wanted: messages.Workload): boolean {
  const { name = "", kind = "" } = wanted;
  return (name === "" || name === workload.name) && (kind === "" || kind === workload.kind);
}

function compileClusters(names: readonly string[], side: Side): FlowTest {
  if (names.includes("")) {
    throw new ConfigError("invalid filter, name must not be empty", { path: "" });
  }
  return (flow) => names.includes(flow[side]?.cluster_name ?? "");
}

function someName(names: readonly string[] | undefined, matches: NameTest): boolean {
  if (names === undefined) return false;
  for (let i = 0; i < names.length; i++) if (matches(names[i]!)) return true;
  return false;
}

function compileDnsQueries(sources: readonly string[]): FlowTest {
  const searches = named("invalid DNS query filter: failed to compile regexp", () =>
    sources.map(compileSearch),
  );
  return (flow) => {
    const dns = flow.l7?.dns;
    return dns !== undefined && searches.some((search) => search(dns.query ?? ""));
  };
}

function compileSelectors(selectors: readonly string[]): (labels: readonly string[]) => boolean {
  const tests = selectors.map(compileLabelSelector);
  return (labels) => {
    for (let i = 0; i < tests.length; i++) if (tests[i]!(labels)) return true;
    return false;
  };
}

function compileEndpointLabels(selectors: readonly string[], side: Side): FlowTest {
  const matches = named(`invalid ${side} label filter`, () => compileSelectors(selectors));
  return (flow) => matches(labelsOf(flow[side]));
}

function labelsOf(endpoint: FlowEndpoint | undefined): readonly string[] {
  return endpoint?.labels ?? [];
}

function compileHttp(filter: FlowFilter): readonly MaybeTest[] {
  const types = filter.event_type ?? [];
  const areTypesRight = types.length === 0 || types.some(({ type }) => type === eventTypes.l7);
  function http<Value>(
    what: string,
    values: readonly Value[] | undefined,
    compile: (values: readonly Value[]) => HttpTest,
  ): MaybeTest {
    return given(values, (list) => {
      if (!areTypesRight) {
        const why = `filtering by ${what} requires the event type filter to only match 'l7' events`;
        throw new ConfigError(why, { path: "" });
      }
      const test = named(`invalid ${what} filter`, () => compile(list));
      return (flow) => {
        const record = flow.l7?.http;
        return record !== undefined && test(record);
      };
    });
  }
  return [
    http("http status code", filter.http_status_code, compileStatusCodes),
    http("http method", filter.http_method, compileMethods),
    http("http path", filter.http_path, compilePaths),
    http("http url", filter.http_url, compileUrls),
    http("http headers", filter.http_header, compileHeaders),
  ];
}

const flagNames = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "NS"] as const;

/** Every flag that a filter names must be set; others may be. */
function compileTcpFlags(filters: readonly messages.TCPFlags[]): FlowTest {
  const wanted = filters.map((flags) => flagNames.filter((name) => flags[name] === true));
  return (flow) => {
    const seen = flow.l4?.TCP?.flags;
    return seen !== undefined && wanted.some((names) => names.every((name) => seen[name] === true));
  };
}

function compileInterfaces(wanted: readonly messages.NetworkInterface[]): FlowTest {
  return (flow) => {
    const seen = flow.interface;
    if (seen === undefined) return false;
    return wanted.some(({ index = 0, name = "" }) => {
      if (index > 0 && index !== (seen.index ?? 0)) return false;
      return name === "" || name === (seen.name ?? "");
    });
  };
}
