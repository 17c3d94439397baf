import { describe, expect, it } from "vitest";
import { FakeClock } from "../../base/clock.ts";
import { silentLogger } from "../../base/logger.ts";
import { renderText } from "../../metrics/exposition.ts";
import { type LabEvent, LabEventBus } from "../events.ts";
import type { CiliumVersion, LabEndpoint, LabState } from "../lab-state.ts";
import { type ComponentMetrics, createAgentMetrics } from "./agent-metrics.ts";
import { createEnvoyMetrics } from "./envoy-metrics.ts";
import { createHubbleMetrics } from "./hubble-metrics.ts";
import { createNodePages } from "./node-pages.ts";
import { createOperatorMetrics } from "./operator-metrics.ts";
import type { ProcessFigures } from "./process-metrics.ts";

const head = { timeMs: 1_700_000_000_500, nodeName: "worker" } as const;

const figures: ProcessFigures = {
  cpuSeconds: () => 1.5,
  residentBytes: () => 1024,
  heapUsedBytes: () => 256,
  heapTotalBytes: () => 512,
  networkBytes: () => ({ received: 70, sent: 30 }),
  openFileCount: () => 7,
  openFilesMax: () => undefined,
  virtualBytes: () => 4096,
  virtualBytesMax: () => undefined,
  startSeconds: () => 1_700_000_000,
};

const endpoint: LabEndpoint = {
  id: 814,
  clusterName: "default",
  nodeName: "worker",
  kind: "pod",
  namespace: "default",
  podName: "deathstar",
  address: "10.0.1.21",
  address6: undefined,
  identity: 31337,
  labels: ["k8s:class=deathstar", "k8s:org=empire"],
  workload: { name: "deathstar", kind: "Deployment" },
  state: "ready",
  enforcement: "ingress",
  policyRevision: 2,
  redirects: { http: 1, dns: 0 },
};

const state: LabState = {
  clusterName: "default",
  ciliumVersion: "1.19",
  startedMs: 0,
  policyRevision: 2,
  unmanagedPodCount: 1,
  fqdnSelectorCount: 0,
  clusterCount: 1,
  hasIpv6: false,
  apiLimiters: () => [],
  endpointCount: () => 1,
  remoteClusters: () => [],
  nodes: () => [],
  endpoints: (nodeName) => (nodeName === "worker" ? [endpoint] : []),
  identities: () => [
    { id: 1, labels: ["reserved:host"], type: "reserved" },
    { id: 31337, labels: endpoint.labels, type: "cluster_local" },
  ],
  policies: () => [
    {
      namespace: "default",
      name: "rule1",
      kind: "CiliumNetworkPolicy",
      entryCount: 1,
      yaml: "",
    },
  ],
  services: () => [],
  conntrack: () => ({ tcp: 0, nonTcp: 0 }),
  addresses: () => ({ used: ["10.0.1.21"], capacity: 254 }),
  maps: () => [
    { name: "cilium_lxc", entryCount: 1, capacity: 4 },
    { name: "cilium_policy_v2_00814", entryCount: 1, capacity: 2 },
  ],
  fqdn: () => [],
  unreachable: () => ({ nodes: 1, endpoints: 0 }),
};

type Create = (options: Parameters<typeof createAgentMetrics>[0]) => ComponentMetrics;

function pageAfter(create: Create, version: CiliumVersion, ...events: LabEvent[]): string[] {
  const bus = new LabEventBus();
  const options = { state, events: bus, nodeName: "worker", version, process: figures };
  const metrics = create(options);
  for (const event of events) bus.publish(event);
  return renderText(metrics.registry)
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
}

function seriesValue(lines: readonly string[], series: string): number | undefined {
  const line = lines.find((text) => text.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

const denied: LabEvent = {
  ...head,
  kind: "l7",
  proxyType: "envoy",
  message: "request",
  verdict: "denied",
  direction: "INGRESS",
  protocol: "http",
};
const dropped: LabEvent = {
  ...head,
  kind: "packet",
  verdict: "dropped",
  direction: "INGRESS",
  sizeBytes: 74,
  protocol: "TCP",
  dropReason: "Policy denied",
};

describe("the agent's metrics", () => {
  it("count drops by reason and direction, packets and bytes", () => {
    const lines = pageAfter(createAgentMetrics, "1.19", dropped, dropped);
    const labels = '{direction="INGRESS",reason="Policy denied"}';
    expect(seriesValue(lines, `cilium_drop_count_total${labels}`)).toBe(2);
    expect(seriesValue(lines, `cilium_drop_bytes_total${labels}`)).toBe(148);
  });

  it("count only what their own node saw", () => {
    const lines = pageAfter(createAgentMetrics, "1.19", { ...dropped, nodeName: "other" });
    expect(lines.some((line) => line.startsWith("cilium_drop_count_total"))).toBe(false);
  });

  it("count a denial at the proxy under the names of each version", () => {
    const modern = pageAfter(createAgentMetrics, "1.19", denied);
    expect(seriesValue(modern, 'cilium_policy_l7_total{proxy_type="envoy",rule="denied"}')).toBe(1);
    expect(seriesValue(modern, 'cilium_policy_l7_total{proxy_type="envoy",rule="received"}')).toBe(
      1,
    );
    expect(seriesValue(modern, "cilium_policy_l7_denied_total")).toBeUndefined();
    const old = pageAfter(createAgentMetrics, "1.6", denied);
    expect(seriesValue(old, "cilium_policy_l7_denied_total")).toBe(1);
    expect(seriesValue(old, "cilium_policy_l7_received_total")).toBe(1);
    expect(seriesValue(old, "cilium_policy_l7_forwarded_total")).toBe(0);
  });

  it("name endpoints and policies as each version does", () => {
    const modern = pageAfter(createAgentMetrics, "1.16");
    expect(seriesValue(modern, "cilium_endpoint")).toBe(1);
    expect(seriesValue(modern, "cilium_policy")).toBe(1);
    expect(
      seriesValue(modern, 'cilium_policy_endpoint_enforcement_status{enforcement="ingress"}'),
    ).toBe(1);
    const old = pageAfter(createAgentMetrics, "1.9");
    expect(seriesValue(old, "cilium_endpoint_count")).toBe(1);
    expect(seriesValue(old, "cilium_endpoint_regenerating")).toBe(0);
    expect(seriesValue(old, "cilium_policy_count")).toBe(1);
    expect(seriesValue(old, "cilium_endpoint")).toBeUndefined();
  });

  it("keep an endpoint state that was seen at 0", () => {
    const change = { ...head, kind: "endpoint_state", endpointId: 814 } as const;
    const lines = pageAfter(createAgentMetrics, "1.19", {
      ...change,
      from: "ready",
      to: "regenerating",
    });
    expect(seriesValue(lines, 'cilium_endpoint_state{endpoint_state="regenerating"}')).toBe(0);
    expect(seriesValue(lines, 'cilium_endpoint_state{endpoint_state="ready"}')).toBe(1);
  });

  it("show the fill of maps, policy maps as the fullest one", () => {
    const lines = pageAfter(createAgentMetrics, "1.19");
    expect(seriesValue(lines, 'cilium_bpf_map_pressure{map_name="lxc"}')).toBe(0.25);
    expect(seriesValue(lines, 'cilium_bpf_map_pressure{map_name="cilium_policy_*"}')).toBe(0.5);
  });

  it("leave out what the platform does not tell", () => {
    const lines = pageAfter(createAgentMetrics, "1.19");
    expect(seriesValue(lines, "cilium_process_open_fds")).toBe(7);
    expect(seriesValue(lines, "cilium_process_max_fds")).toBeUndefined();
  });

  it("serve every version with every kind of event", () => {
    const events: LabEvent[] = [
      dropped,
      denied,
      { ...head, kind: "agent_started", scopes: { daemonInit: 0.1 } },
      {
        ...head,
        kind: "endpoint_regenerated",
        endpointId: 1,
        outcome: "success",
        reason: "",
        scopes: { total: 0.01, policyCalculation: 0.001 },
      },
      { ...head, kind: "policy_incremental_update", scope: "global", durationSeconds: 0.001 },
      {
        ...head,
        kind: "node_probe",
        target: "control",
        type: "node",
        addressType: "primary",
        protocol: "http",
        status: "reachable",
        latencySeconds: 0.001,
      },
      {
        ...head,
        kind: "k8s_event",
        receiver: "agent",
        scope: "Pod",
        action: "create",
        isValid: true,
        isEqual: false,
        outcome: "success",
      },
      {
        ...head,
        kind: "map_op",
        mapName: "cilium_lxc",
        operation: "update",
        outcome: "success",
        durationSeconds: 0.001,
      },
      { ...head, kind: "node_event", action: "add", source: "local", target: "worker" },
      {
        ...head,
        kind: "controller_run",
        receiver: "agent",
        group: "endpoint-gc",
        outcome: "failure",
        durationSeconds: 0.1,
      },
      { ...head, kind: "log", receiver: "agent", level: "error", subsystem: "daemon", message: "" },
    ];
    for (const version of ["1.6", "1.9", "1.16", "1.19"] as const) {
      const lines = pageAfter(createAgentMetrics, version, ...events);
      expect(lines.length, version).toBeGreaterThan(80);
      expect(seriesValue(lines, "cilium_controllers_failing")).toBe(1);
    }
    const modern = pageAfter(createAgentMetrics, "1.19", ...events);
    const nodes = 'cilium_node_health_connectivity_status{status="reachable",type="node"}';
    expect(seriesValue(modern, nodes)).toBe(1);
    expect(modern).toContain('cilium_errors_warnings_total{level="ERROR",subsystem="daemon"} 1');
  });
});

describe("the operator's metrics", () => {
  const collected: LabEvent = {
    ...head,
    kind: "identity_gc",
    outcome: "success",
    aliveCount: 5,
    deletedCount: 1,
    durationSeconds: 0.25,
  };

  it("label identity collection by type from 1.19 on", () => {
    const modern = pageAfter(createOperatorMetrics, "1.19", collected);
    const alive = 'cilium_operator_identity_gc_entries{identity_type="crd",status="alive"}';
    expect(seriesValue(modern, alive)).toBe(5);
    expect(seriesValue(modern, "cilium_operator_unmanaged_pods")).toBe(1);
    const old = pageAfter(createOperatorMetrics, "1.9", collected);
    expect(seriesValue(old, 'cilium_operator_identity_gc_runs{outcome="success"}')).toBe(1);
    expect(seriesValue(old, "cilium_operator_unmanaged_pods")).toBeUndefined();
  });
});

describe("the Hubble metrics", () => {
  function start(): { bus: LabEventBus; clock: FakeClock; lines: () => string[] } {
    const bus = new LabEventBus();
    const clock = new FakeClock(1000);
    const options = { events: bus, nodeName: "worker", clock, logger: silentLogger };
    const { page } = createHubbleMetrics({ ...options, metrics: ["drop:sourceContext=pod"] });
    return { bus, clock, lines: () => page.expose("").body.split("\n") };
  }
  const flow = {
    verdict: "DROPPED",
    event_type: { type: 1 },
    source: { namespace: "default", pod_name: "deathstar" },
  } as const;

  it("count the node's flows and lost events", () => {
    const { bus, lines } = start();
    bus.publish({ ...head, kind: "flow", flow });
    bus.publish({ ...head, nodeName: "other", kind: "flow", flow });
    bus.publish({ ...head, kind: "lost_events", source: "observer_events_queue", count: 3 });
    const text = lines();
    expect(text.filter((line) => line.startsWith("hubble_drop_total"))).toEqual([
      'hubble_drop_total{protocol="Unknown L4",reason="DROP_REASON_UNKNOWN",source="default/deathstar"} 1',
    ]);
    expect(text).toContain('hubble_lost_events_total{source="observer_events_queue"} 3');
    expect(text).toContain('hubble_lost_events_total{source="perf_event_ring_buffer"} 0');
  });

  it("count calls of the node's Observer, and no others", () => {
    const { bus, lines } = start();
    const call = { ...head, kind: "observer_call", method: "GetFlows", code: 0 } as const;
    for (const step of ["started", "received", "sent", "sent"] as const)
      bus.publish({ ...call, step });
    bus.publish({ ...call, step: "ended", code: 1 });
    bus.publish({ ...call, step: "started", nodeName: "other" });
    bus.publish({ ...call, step: "started", method: "Notify" });
    const labels =
      'grpc_method="GetFlows",grpc_service="observer.Observer",grpc_type="server_stream"';
    expect(
      lines()
        .filter((line) => /^grpc_.* [1-9]/.test(line))
        .sort(),
    ).toEqual([
      `grpc_server_handled_total{grpc_code="Canceled",${labels}} 1`,
      `grpc_server_msg_received_total{${labels}} 1`,
      `grpc_server_msg_sent_total{${labels}} 2`,
      `grpc_server_started_total{${labels}} 1`,
    ]);
  });

  it("forget a pod one minute after its endpoint is gone", async () => {
    const { bus, clock, lines } = start();
    bus.publish({ ...head, kind: "flow", flow });
    bus.publish({ ...head, kind: "endpoint_deleted", endpoint });
    await clock.advance(59_000);
    expect(lines().some((line) => line.startsWith("hubble_drop_total"))).toBe(true);
    await clock.advance(1_000);
    expect(lines().some((line) => line.startsWith("hubble_drop_total"))).toBe(false);
  });

  it("accept the default metrics string", () => {
    const options = { events: new LabEventBus(), nodeName: "worker", clock: new FakeClock() };
    const { flowMetrics } = createHubbleMetrics({ ...options, logger: silentLogger });
    expect(flowMetrics.status().length).toBe(9);
  });
});

describe("the proxy's metrics", () => {
  const event = {
    ...head,
    kind: "proxy_connection",
    side: "downstream",
    direction: "INGRESS",
    peer: "10.0.1.7:80",
    durationMs: 0,
    code: 0,
    receivedBytes: 0,
    sentBytes: 0,
    requestCount: 0,
    isClosedHere: false,
    hasRequest: false,
  } as const;

  function start() {
    const bus = new LabEventBus();
    const nowMs = () => head.timeMs;
    const { registry } = createEnvoyMetrics({
      events: bus,
      nodeName: "worker",
      nowMs,
      process: figures,
    });
    const value = (series: string) => seriesValue(renderText(registry).split("\n"), series);
    return { bus, value };
  }

  it("count requests, answers by class, and what went upstream", () => {
    const { bus, value } = start();
    bus.publish({ ...event, change: "opened" });
    bus.publish({ ...event, change: "request", receivedBytes: 90 });
    bus.publish({ ...event, change: "answer", code: 403, durationMs: 2, sentBytes: 15 });
    bus.publish({ ...event, change: "request" });
    bus.publish({ ...event, side: "upstream", change: "pending" });
    bus.publish({ ...event, side: "upstream", change: "opened", durationMs: 1 });
    bus.publish({ ...event, side: "upstream", change: "request" });
    bus.publish({ ...event, side: "upstream", change: "answer", code: 200, durationMs: 7 });
    const proxy = 'envoy_http_conn_manager_prefix="proxy"';
    expect(value(`envoy_http_downstream_rq_total{${proxy}}`)).toBe(2);
    expect(value(`envoy_http_downstream_rq_active{${proxy}}`)).toBe(1);
    expect(value(`envoy_http_downstream_cx_rx_bytes_total{${proxy}}`)).toBe(90);
    expect(value(`envoy_http_downstream_rq_xx{${proxy},envoy_response_code_class="4"}`)).toBe(1);
    expect(value(`envoy_http_downstream_rq_time_sum{${proxy}}`)).toBe(2);
    const ingress = 'envoy_cluster_name="ingress-cluster"';
    expect(value(`envoy_cluster_upstream_rq_total{${ingress}}`)).toBe(1);
    expect(value(`envoy_cluster_upstream_rq_time_sum{${ingress}}`)).toBe(7);
    expect(value(`envoy_cluster_upstream_rq{${ingress},envoy_response_code="200"}`)).toBe(1);
    expect(value('envoy_cluster_upstream_rq_total{envoy_cluster_name="egress-cluster"}')).toBe(0);
  });

  it("tell how requests wait for a server, and which servers have connections", () => {
    const { bus, value } = start();
    const up = { ...event, side: "upstream", direction: "EGRESS" } as const;
    const egress = '{envoy_cluster_name="egress-cluster"}';
    const of = (name: string) => value(`envoy_cluster_${name}${egress}`);
    for (const change of ["pending", "opened", "pending", "opened", "pending"] as const)
      bus.publish({ ...up, change });
    expect([of("upstream_rq_pending_total"), of("upstream_rq_pending_active")]).toEqual([3, 1]);
    expect([of("membership_total"), of("membership_change")]).toEqual([1, 1]);
    bus.publish({ ...up, change: "connect_failed" });
    expect(of("upstream_rq_pending_active")).toBe(0);
    expect(of("upstream_rq_pending_failure_eject")).toBe(1);
    for (const change of ["closed", "closed"] as const) bus.publish({ ...up, change });
    expect([of("membership_healthy"), of("membership_change")]).toEqual([0, 2]);
  });

  it("keep an upgraded connection among the upgraded ones until it closes", () => {
    const { bus, value } = start();
    const active = () =>
      value('envoy_http_downstream_cx_upgrades_active{envoy_http_conn_manager_prefix="proxy"}');
    for (const change of ["opened", "request", "answer", "upgraded"] as const)
      bus.publish({ ...event, change, code: change === "answer" ? 101 : 0 });
    expect(active()).toBe(1);
    bus.publish({ ...event, change: "closed" });
    expect(active()).toBe(0);
  });

  it("tell who closed a connection, and whether a request was under way", () => {
    const { bus, value } = start();
    const proxy = 'envoy_http_conn_manager_prefix="proxy"';
    bus.publish({ ...event, change: "opened" });
    bus.publish({ ...event, change: "request" });
    expect(value("envoy_server_total_connections")).toBe(1);
    bus.publish({ ...event, change: "closed", durationMs: 40, hasRequest: true });
    expect(value(`envoy_http_downstream_cx_active{${proxy}}`)).toBe(0);
    expect(value(`envoy_http_downstream_rq_active{${proxy}}`)).toBe(0);
    expect(value(`envoy_http_downstream_cx_destroy_remote_active_rq{${proxy}}`)).toBe(1);
    expect(value(`envoy_http_downstream_cx_destroy_local{${proxy}}`)).toBe(0);
    expect(value(`envoy_http_downstream_rq_rx_reset{${proxy}}`)).toBe(1);
    expect(value("envoy_server_total_connections")).toBe(0);
  });
});

describe("a node's pages", () => {
  it("include the operator's on its node only, and offer OpenMetrics for Hubble only", () => {
    const options = {
      state,
      events: new LabEventBus(),
      version: "1.19",
      clock: new FakeClock(),
      logger: silentLogger,
      process: figures,
    } as const;
    const worker = createNodePages({ ...options, node: { name: "worker", isOperatorNode: false } });
    const first = createNodePages({ ...options, node: { name: "control", isOperatorNode: true } });
    expect(worker.operator).toBeUndefined();
    expect(first.operator?.expose("").body).toContain("cilium_operator_process_cpu_seconds_total");
    const accept = "application/openmetrics-text; version=1.0.0";
    expect(worker.hubble.expose(accept).body.endsWith("# EOF\n")).toBe(true);
    expect(worker.agent.expose(accept).contentType).toContain("text/plain");
    worker.close();
    first.close();
  });
});
