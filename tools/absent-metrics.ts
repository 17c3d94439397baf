/**
 * Metrics that Cilium's catalogue or a recorded body has and the laboratory does not serve, each with
 * its reason. The first pattern that fits counts. compare-laboratory-metrics.ts prints what has none;
 * write-laboratory-docs.ts writes the list into docs/laboratory.md.
 */

/** Why names of a kind are absent. */
export interface AbsentReason {
  readonly pattern: RegExp;
  readonly reason: string;
}

export const absentReasons: readonly AbsentReason[] = [
  { pattern: /_ipsec_/, reason: "no IPsec: the packets never leave the process" },
  {
    pattern: /_bpf_(syscall|maps_virtual|progs_virtual|ratelimit)|_subprocess_start|_max_ifindex/,
    reason: "no kernel: no BPF programs, system calls, interfaces or compilers",
  },
  {
    pattern: /_fragmented_count|_mtu_error/,
    reason: "the user-space datapath neither fragments nor has an MTU",
  },
  {
    pattern: /_advertised_routes|_received_routes|_session_state|_reconcile_/,
    reason: "no BGP control plane",
  },
  {
    pattern: /_operator_(azure|ec2|eni|ipam)_/,
    reason: "address management of a cloud; the laboratory has cluster pools",
  },
  {
    pattern: /_lbipam_|_feature_adv_connect/,
    reason: "no load-balancer IPAM, Ingress or Gateway API",
  },
  { pattern: /_mcsapi_/, reason: "no Multi-Cluster Services API" },
  { pattern: /_doublewrite_/, reason: "identities are Kubernetes objects only" },
  {
    pattern: /_ces_|_per_ces|_cid_controller_/,
    reason: "no CiliumEndpointSlices: agents write CiliumEndpoints",
  },
  {
    pattern: /_hive_|_jobs_|_identity_cache_timer|_triggers_policy_update_folds|statedb/,
    reason:
      "inner works of Cilium's Go framework (hive, statedb, triggers), which the laboratory has not",
  },
  {
    pattern: /_workqueue_|_rate_limiter_|_api_limiter_|leader_election/,
    reason: "inner works of the Go clients; the laboratory's store has no queues and no limits",
  },
  {
    pattern: /_operator_clustermesh_|_cache_revocations|_clustermesh_global_services/,
    reason: "the operators and caches of the mesh are not played",
  },
  {
    pattern: /_kvstore_(quorum|sync|initial)/,
    reason:
      "agents read the other clusters' stores and write none; the mesh's store has one member",
  },
  {
    pattern: /^cilium_(api_process_time_seconds|identity_gc_)/,
    reason: "the catalogue's name for a metric that is served under another one",
  },
  { pattern: /_cidrgroup/, reason: "no CiliumCIDRGroup objects" },
  {
    pattern:
      /_dump_resets_|_gc_key_fallbacks_|_datapath_errors_|_update_timeout_|_ipcache_errors_|_validations_total|_terminating_endpoints_|_event_lag_|_cnp_status_/,
    reason: "counts something that cannot happen to maps and watches inside one process",
  },
  {
    pattern: /_process_network_|_selector_match_count|_kubernetes_version/,
    reason: "not measured here",
  },
  { pattern: /^go_|^process_/, reason: "figures of the Go runtime; the laboratory runs on Node" },
];

/** Why a name is absent; undefined = nobody knows. */
export function absentReasonOf(name: string): string | undefined {
  return absentReasons.find(({ pattern }) => pattern.test(name))?.reason;
}
