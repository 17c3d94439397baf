/**
 * The agent's metrics that follow from what happens in the laboratory. What is not here has no
 * event behind it in the laboratory and is not served (docs/laboratory.md says which and why).
 * agent-rows.test.ts holds each row against the recordings.
 */

import { apiLimiterRows, workQueueRows } from "./control-plane-rows.ts";
import { meshRows } from "./mesh-metrics.ts";
import type { MetricRow } from "./metric-book.ts";

const fromDashboard = "the chart's own dashboard queries it";
const notRecorded =
  "no recorded body of this version shows it; taken from the neighbouring versions";

const endpointRows: readonly MetricRow[] = [
  {
    name: "cilium_endpoint",
    labels: [],
    from: "1.16",
    help: "Number of endpoints managed by this agent",
    source: "endpoints of the node",
  },
  { name: "cilium_endpoint_count", labels: [], to: "1.9", source: "endpoints of the node" },
  {
    name: "cilium_endpoint_regenerating",
    labels: [],
    to: "1.9",
    type: "gauge",
    help: "Number of endpoints currently regenerating",
    source: "endpoint states",
    assumed: "named by the guides of that time; the recorded bodies have none at work",
  },
  { name: "cilium_endpoint_state", labels: ["endpoint_state"], source: "endpoint states" },
  {
    name: "cilium_endpoint_regenerations",
    labels: ["outcome"],
    to: "1.9",
    source: "regenerations",
  },
  {
    name: "cilium_endpoint_regenerations_total",
    labels: ["outcome"],
    from: "1.16",
    source: "regenerations",
  },
  {
    name: "cilium_endpoint_regeneration_time_stats_seconds",
    labels: ["scope", "status"],
    source: "time measured in each regeneration",
    assumed: "1.19: scope endpointPolicyCalculation, which the chart's own dashboard queries",
  },
  {
    name: "cilium_agent_bootstrap_seconds",
    labels: ["scope", "outcome"],
    to: "1.16",
    type: "histogram",
    source: "start of the node",
  },
  {
    name: "cilium_agent_bootstrap_seconds",
    labels: ["scope", "outcome"],
    from: "1.19",
    type: "gauge",
    source: "start of the node",
  },
  { name: "cilium_identity_count", labels: [], to: "1.9", source: "identities" },
  {
    name: "cilium_identity",
    labels: ["type"],
    from: "1.16",
    help: "Number of identities currently allocated",
    source: "identities",
  },
  { name: "cilium_identity_label_sources", labels: ["source"], from: "1.19", source: "identities" },
];

const policyRows: readonly MetricRow[] = [
  { name: "cilium_policy_count", labels: [], to: "1.9", source: "policies in force" },
  {
    name: "cilium_policy",
    labels: [],
    from: "1.16",
    help: "Number of policies currently loaded",
    source: "policies in force",
  },
  { name: "cilium_policy_max_revision", labels: [], source: "policy revision" },
  { name: "cilium_policy_import_errors", labels: [], to: "1.9", source: "refused policies" },
  {
    name: "cilium_policy_change_total",
    labels: ["outcome"],
    from: "1.16",
    source: "policies taken and refused",
  },
  {
    name: "cilium_policy_endpoint_enforcement_status",
    labels: ["enforcement"],
    source: "endpoints of the node",
  },
  {
    name: "cilium_policy_implementation_delay",
    labels: ["source"],
    from: "1.16",
    source: "time until every endpoint ran a change",
  },
  {
    name: "cilium_policy_incremental_update_duration",
    labels: ["scope"],
    from: "1.19",
    help: "Time taken for incremental policy updates to propagate",
    source: "selector cache updates",
  },
  { name: "cilium_policy_regeneration_total", labels: [], to: "1.16", source: "regenerations" },
  {
    name: "cilium_policy_regeneration_time_stats_seconds",
    labels: ["scope", "status"],
    to: "1.16",
    source: "time measured in each regeneration",
  },
  {
    name: "cilium_triggers_policy_update_total",
    labels: ["reason"],
    to: "1.9",
    source: "identities that came or went",
  },
  {
    name: "cilium_triggers_policy_update_call_duration_seconds",
    labels: ["type"],
    to: "1.9",
    source: "selector cache updates",
  },
];

const proxyRows: readonly MetricRow[] = [
  ...["received", "forwarded", "denied", "parse_errors"].map(
    (rule): MetricRow => ({
      name: `cilium_policy_l7_${rule}_total`,
      labels: [],
      to: "1.9",
      source: "messages at the proxies",
    }),
  ),
  {
    name: "cilium_policy_l7_total",
    labels: ["rule", "proxy_type"],
    from: "1.16",
    source: "messages at the proxies",
  },
  {
    name: "cilium_proxy_redirects",
    labels: ["protocol_l7"],
    source: "redirects of the endpoints",
    assumed: `label protocol_l7 as served; the catalogue says protocol. Before 1.16: ${notRecorded}`,
  },
  {
    name: "cilium_proxy_upstream_reply_seconds",
    labels: ["error", "protocol_l7", "scope"],
    source: "answers at the proxies",
    assumed: `before 1.16: ${notRecorded}`,
  },
  { name: "cilium_fqdn_gc_deletions_total", labels: [], source: "names that expired" },
  { name: "cilium_fqdn_selectors", labels: [], from: "1.19", source: "toFQDNs selectors" },
  { name: "cilium_fqdn_active_names", labels: ["endpoint"], from: "1.16", source: "DNS proxy" },
  { name: "cilium_fqdn_active_ips", labels: ["endpoint"], from: "1.16", source: "DNS proxy" },
  {
    name: "cilium_fqdn_alive_zombie_connections",
    labels: ["endpoint"],
    from: "1.16",
    source: "DNS proxy",
  },
];

const datapathRows: readonly MetricRow[] = [
  { name: "cilium_drop_count_total", labels: ["reason", "direction"], source: "dropped packets" },
  { name: "cilium_drop_bytes_total", labels: ["reason", "direction"], source: "dropped packets" },
  { name: "cilium_forward_count_total", labels: ["direction"], source: "forwarded packets" },
  { name: "cilium_forward_bytes_total", labels: ["direction"], source: "forwarded packets" },
  {
    name: "cilium_datapath_conntrack_gc_runs_total",
    labels: ["family", "protocol", "status"],
    source: "conntrack collector",
  },
  {
    name: "cilium_datapath_conntrack_gc_entries",
    labels: ["family", "protocol", "status"],
    source: "conntrack collector",
  },
  {
    name: "cilium_datapath_conntrack_gc_duration_seconds",
    labels: ["family", "protocol", "status"],
    source: "conntrack collector",
  },
  {
    name: "cilium_bpf_map_ops_total",
    labels: ["mapName", "operation", "outcome"],
    to: "1.9",
    source: "operations on the datapath's maps",
  },
  {
    name: "cilium_bpf_map_ops_total",
    labels: ["map_name", "operation", "outcome"],
    from: "1.16",
    source: "operations on the datapath's maps",
    assumed: "1.16: the catalogue lists both spellings of the label",
  },
  {
    name: "cilium_bpf_map_pressure",
    labels: ["map_name"],
    from: "1.16",
    source: "fill of the datapath's maps",
    assumed: "policy maps appear as one, the fullest, from a tenth on: from issues of the project",
  },
  {
    name: "cilium_bpf_map_capacity",
    labels: ["map_group"],
    from: "1.16",
    type: "gauge",
    help: "Capacity of map, labeled by map group. All maps with a capacity of 65536 are grouped under 'default'",
    source: "sizes of the datapath's maps",
  },
  { name: "cilium_ip_addresses", labels: ["family"], source: "addresses in use" },
  {
    name: "cilium_ipam_capacity",
    labels: ["family"],
    from: "1.16",
    help: "Total number of IPs in the IPAM pool labeled by family",
    source: "size of the pod range",
  },
  { name: "cilium_ipam_events_total", labels: ["action", "family"], source: "addresses given" },
  {
    name: "cilium_ipcache_events_total",
    labels: ["type"],
    from: "1.16",
    help: "Number of IP to Identity cache events labeled by action type",
    source: "ipcache",
  },
];

const clusterRows: readonly MetricRow[] = [
  { name: "cilium_unreachable_nodes", labels: [], source: "node probes" },
  { name: "cilium_unreachable_health_endpoints", labels: [], source: "node probes" },
  {
    name: "cilium_node_connectivity_status",
    labels: [
      "source_cluster",
      "source_node_name",
      "target_cluster",
      "target_node_name",
      "target_node_type",
      "type",
    ],
    from: "1.16",
    to: "1.16",
    help: "The last observed status of both ICMP and HTTP connectivity between the current Cilium agent and other Cilium nodes",
    source: "node probes",
  },
  {
    name: "cilium_node_connectivity_latency_seconds",
    labels: [
      "address_type",
      "protocol",
      "source_cluster",
      "source_node_name",
      "target_cluster",
      "target_node_ip",
      "target_node_name",
      "target_node_type",
      "type",
    ],
    from: "1.16",
    to: "1.16",
    help: "The last observed latency between the current Cilium agent and other Cilium nodes in seconds",
    source: "node probes",
  },
  {
    name: "cilium_node_health_connectivity_status",
    labels: ["type", "status"],
    from: "1.19",
    help: "The number of endpoints with last observed status of both ICMP and HTTP connectivity between the current Cilium agent and other Cilium nodes",
    source: "node probes",
  },
  {
    name: "cilium_node_health_connectivity_latency_seconds",
    labels: ["type", "address_type", "protocol"],
    from: "1.19",
    help: "The histogram for last observed latency between the current Cilium agent and other Cilium nodes in seconds",
    source: "node probes",
  },
  {
    name: "cilium_nodes_all_num",
    labels: [],
    source: "nodes",
    assumed: `from 1.16 on: ${fromDashboard}`,
  },
  {
    name: "cilium_nodes_all_events_received_total",
    labels: ["eventType", "source"],
    to: "1.9",
    source: "node events",
  },
  {
    name: "cilium_nodes_all_events_received_total",
    labels: ["event_type", "source"],
    from: "1.16",
    source: "node events",
    assumed: fromDashboard,
  },
  { name: "cilium_services_events_total", labels: ["action"], from: "1.16", source: "services" },
  {
    name: "cilium_service_implementation_delay",
    labels: ["action"],
    from: "1.16",
    help: "Duration in seconds to propagate the data plane programming of a service, its network and endpoints from the time the service or the service pod was changed excluding the event queue latency",
    source: "services",
  },
];

const controlRows: readonly MetricRow[] = [
  {
    name: "cilium_kubernetes_events_total",
    labels: ["scope", "action", "status"],
    source: "watch events",
    assumed: "label status as served; the catalogue says outcome",
  },
  {
    name: "cilium_kubernetes_events_received_total",
    labels: ["scope", "action", "valid", "equal"],
    source: "watch events",
    assumed: "label valid as served; the catalogue says validity",
  },
  {
    name: "cilium_k8s_client_api_calls_counter",
    labels: ["host", "method", "return_code"],
    to: "1.9",
    source: "calls of the Kubernetes API",
  },
  {
    name: "cilium_k8s_client_api_calls_total",
    labels: ["host", "method", "return_code"],
    from: "1.9",
    source: "calls of the Kubernetes API",
  },
  {
    name: "cilium_k8s_client_api_latency_time_seconds",
    labels: ["path", "method"],
    source: "calls of the Kubernetes API",
  },
  {
    name: "cilium_agent_api_process_time_seconds",
    labels: ["method", "path", "return_code"],
    source: "requests to the agent's API",
    assumed: `from 1.16 on: ${fromDashboard}; the catalogue calls it cilium_api_process_time_seconds`,
  },
  { name: "cilium_controllers_runs_total", labels: ["status"], source: "controller runs" },
  {
    name: "cilium_controllers_runs_duration_seconds",
    labels: ["status"],
    source: "controller runs",
  },
  { name: "cilium_controllers_failing", labels: [], source: "controller runs" },
  {
    name: "cilium_controllers_group_runs_total",
    labels: ["status", "group_name"],
    from: "1.16",
    help: "Number of times that a controller group was run, labeled by completion status and controller group name",
    source: "controller runs",
  },
  { name: "cilium_event_ts", labels: ["source"], source: "watch events, API requests" },
  {
    name: "cilium_errors_warnings_total",
    labels: ["level", "subsystem"],
    source: "warnings and errors of the agent",
    assumed: `from 1.16 on: ${fromDashboard}; levels WARN and ERROR in 1.19 as in the operator's recorded body`,
  },
  {
    name: "cilium_version",
    labels: ["version"],
    to: "1.16",
    source: "--cilium-version",
    assumed: `1.16: ${notRecorded}`,
  },
  {
    name: "cilium_version",
    labels: ["version", "revision", "arch"],
    from: "1.19",
    source: "--cilium-version",
    assumed: "labels as the operator's recorded body of 1.19 has them",
  },
];

const processRows: readonly MetricRow[] = [
  "cilium_process_cpu_seconds_total",
  "cilium_process_max_fds",
  "cilium_process_open_fds",
  "cilium_process_resident_memory_bytes",
  "cilium_process_start_time_seconds",
  "cilium_process_virtual_memory_bytes",
  "cilium_process_virtual_memory_max_bytes",
].map((name) => ({
  name,
  labels: [],
  source: "the laboratory's process, which all nodes share",
  assumed: `from 1.16 on: ${fromDashboard}`,
}));

/** Every row of the agent. */
export const agentRows: readonly MetricRow[] = [
  ...endpointRows,
  ...policyRows,
  ...proxyRows,
  ...datapathRows,
  ...clusterRows,
  ...meshRows,
  ...controlRows,
  ...workQueueRows,
  ...apiLimiterRows,
  ...processRows,
];
