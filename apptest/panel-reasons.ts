/** Why panels of Cilium's own dashboards do not draw varying data in the demo. */

/** One reason and the panels it holds for. */
export interface PanelReason {
  readonly file: string;
  readonly titles: readonly string[];
  readonly reason: string;
}

const noKernel =
  "the laboratory has no kernel: there are no BPF maps in kernel memory and no bpf() calls to time";
const noKvstore =
  "identities are Kubernetes objects in the laboratory, as Cilium's default is: there is no kvstore";
const noIpv6 = "IPv6 traffic of that kind comes and goes in the laboratory";
const noCloud = "cloud address management (AWS ENI); the laboratory is no cloud";
const isSteady = "drawn; nothing of its kind changed in two minutes";
const noEvent = "appears with the first such event; a healthy cluster has none";
const isZero = "drawn at zero: nothing was missing, which is a true zero";
const noClusterMetrics =
  "needs recording rules over cAdvisor and kube-state-metrics of a real cluster";

export const panelReasons: readonly PanelReason[] = [
  {
    file: "cilium-dashboard",
    titles: [
      "System-wide BPF memory usage",
      "# system calls (average node)",
      "# system calls (max node)",
      "system call latency (avg node)",
      "system call latency (max node)",
    ],
    reason: noKernel,
  },
  {
    file: "cilium-dashboard",
    titles: ["map ops (sum failures)", "Errors & Warnings"],
    reason: noEvent,
  },
  {
    file: "cilium-dashboard",
    titles: [
      "# operations (sum all nodes)",
      "# operations (max node)",
      "latency (average node)",
      "latency (max node)",
      "Events received (average node)",
    ],
    reason: noKvstore,
  },
  {
    file: "cilium-dashboard",
    titles: ["IPv6 Conntrack TCP", "IPv6 Conntrack Non-TCP"],
    reason: noIpv6,
  },
  {
    file: "cilium-dashboard",
    titles: ["Datapath Conntrack Dump Resets"],
    reason: "a walk over a map in memory is never interrupted",
  },
  {
    file: "cilium-dashboard",
    titles: [
      "Allocated Addresses",
      "Service Updates",
      "Connectivity Health",
      "Nodes",
      "Policy Identity Update Latency",
      "Policy Apply Latency",
      "Endpoints policy enforcement status",
      "Proxy Redirects",
      "Policies Per Node",
      "Cilium endpoint state",
      "CiliumNetworkPolicy Events",
      "Pod Events",
      "Service Events",
      "Endpoints Events",
      "Policy Trigger Duration",
      "Policy Trigger Runs",
      "Average Policy Selector Match Count",
    ],
    reason: isSteady,
  },
  {
    file: "cilium-dashboard",
    titles: [
      "Invalid, Unnecessary K8s Events Received",
      "Invalid, Necessary K8s Events Received",
      "NetworkPolicy Events",
      "Node Events",
      "Namespace Events",
    ],
    reason: noEvent,
  },
  {
    file: "hubble-dashboard",
    titles: ["TCPv6", "Missing TCPv6 SYN-ACKs", "ICMPv6", "Missing ICMPv6 Echo-Reply"],
    reason: noIpv6,
  },
  {
    file: "hubble-dashboard",
    titles: ["Missing ICMPv4 Echo-Reply", "Missing DNS Responses"],
    reason: isZero,
  },
  {
    file: "hubble-dashboard",
    titles: ["HTTP responses"],
    reason: "belongs to the handler `http`, which excludes `httpV2` that the laboratory runs",
  },
  {
    file: "cilium-operator-dashboard",
    titles: [
      "IP Addresses",
      "EC2 API Interactions",
      "Number of nodes",
      "# interfaces with addresses available",
      "Metadata Resync Operations",
      "EC2 client side rate limiting",
      "Interface Creation",
    ],
    reason: noCloud,
  },
  { file: "hubble-dns-namespace", titles: ["Missing DNS responses"], reason: isZero },
  {
    file: "hubble-l7-http-metrics-by-workload",
    titles: ["CPU Usage by Source", "CPU Usage by Destination"],
    reason: noClusterMetrics,
  },
  {
    file: "hubble-l7-http-metrics-by-workload",
    titles: [
      "Incoming Request Success Rate (non-5xx responses)",
      "Incoming Request Success Rate (non-5xx responses) By Source",
      "Incoming Request Success Rate (non-5xx responses) By Destination",
    ],
    reason: "drawn at 100 %: no server of the scene fails",
  },
  {
    file: "hubble-network-overview-namespace",
    titles: ["Missing ICMP Echo Replys"],
    reason: isZero,
  },
  {
    file: "cilium-operator-dashboard",
    titles: ["Resident memory status"],
    reason: isSteady,
  },
];
