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
    pattern: /_operator_workqueue_/,
    reason: "queues of controllers that the laboratory's operator does not run",
  },
  { pattern: /_rate_limiter_/, reason: "calls of the laboratory's object store are not held back" },
  {
    pattern: /_operator_clustermesh_/,
    reason:
      "the operator joins the mesh for services of several clusters only, which agents do here",
  },
  {
    pattern: /_kvstore_(quorum|sync)/,
    reason:
      "agents read the other clusters' stores and write none; the mesh's store has one member",
  },
  {
    pattern: /_apiserver_controllers_group_runs/,
    reason: "the API server's pod runs no controllers here",
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
    pattern: /_selector_match_count|_kubernetes_version/,
    reason: "not known here: no Kubernetes, and selectors are not counted by class",
  },
  { pattern: /^envoy_.*(http[23]|quic)/, reason: "the proxy speaks HTTP/1 only" },
  { pattern: /^envoy_.*(ssl|_tls|_0_?rtt|first_cert|ocsp|fips)/, reason: "no TLS at the proxy" },
  { pattern: /^envoy_.*(_retry|_per_try|internal_redirect)/, reason: "the proxy tries once" },
  {
    pattern: /^envoy_.*(circuit_breakers|overflow|overload|_max_|queue_overloaded|too_many|maint)/,
    reason: "no circuit breakers and no limits at the proxy",
  },
  {
    pattern: /^envoy_cluster_(lb_|membership_|default_total|original_dst|max_host|.*none_healthy)/,
    reason: "clusters of original destinations neither balance nor check health",
  },
  {
    pattern: /^envoy_cluster_external_/,
    reason: "requests from inside and outside are not told apart",
  },
  {
    pattern:
      /^envoy_(cluster_(assignment|update|version|warming)|cluster_manager_|listener_manager_|listener_(network_)?extension|thread_local|.*inflated)/,
    reason: "no xDS: clusters and listeners are there from the start and stay",
  },
  { pattern: /^envoy_listener_admin_/, reason: "no admin listener" },
  {
    pattern:
      /^envoy_(runtime|filesystem|http_tracing|server_|main_thread|workers_|envoy_|http_async)/,
    reason:
      "inner works of Envoy (runtime, watchdogs, access log, tracing), which the proxy has not",
  },
  {
    pattern: /^envoy_.*(_timeout|drain|_buffered|pre_cx|preconnect|_eject|delayed_close)/,
    reason:
      "the proxy has no timeouts and no draining of its own; what waits in it is not measured",
  },
  {
    pattern: /^envoy_/,
    reason: "a way to end or refuse a request or connection that the proxy does not take",
  },
  { pattern: /^go_|^process_/, reason: "figures of the Go runtime; the laboratory runs on Node" },
];

/** Why a name is absent; undefined = nobody knows. */
export function absentReasonOf(name: string): string | undefined {
  return absentReasons.find(({ pattern }) => pattern.test(name))?.reason;
}
