/**
 * The operator's metrics that follow from what happens in the laboratory. operator-rows.test.ts
 * holds each row against the recordings.
 */

import type { MetricRow } from "./metric-book.ts";

const between = "no recorded body of 1.16; 1.9 and 1.19 both have it";

const processRows: readonly MetricRow[] = [
  "cilium_operator_process_cpu_seconds_total",
  "cilium_operator_process_max_fds",
  "cilium_operator_process_open_fds",
  "cilium_operator_process_resident_memory_bytes",
  "cilium_operator_process_start_time_seconds",
  "cilium_operator_process_virtual_memory_bytes",
  "cilium_operator_process_virtual_memory_max_bytes",
].map((name) => ({
  name,
  labels: [],
  source: "the laboratory's process, which all components share",
  assumed: between,
}));

/** Every row of the operator. */
export const operatorRows: readonly MetricRow[] = [
  ...processRows,
  ...["receive", "transmit"].map((way) => ({
    name: `cilium_operator_process_network_${way}_bytes_total`,
    labels: [],
    from: "1.19" as const,
    source: "the network of the laboratory's process, which is the machine's",
  })),
  {
    name: "cilium_operator_identity_gc_entries",
    labels: ["status"],
    from: "1.9",
    to: "1.16",
    source: "identity collector",
    assumed: between,
  },
  {
    name: "cilium_operator_identity_gc_entries",
    labels: ["status", "identity_type"],
    from: "1.19",
    source: "identity collector",
  },
  {
    name: "cilium_operator_identity_gc_runs",
    labels: ["outcome"],
    from: "1.9",
    to: "1.16",
    source: "identity collector",
    assumed: between,
  },
  {
    name: "cilium_operator_identity_gc_runs",
    labels: ["outcome", "identity_type"],
    from: "1.19",
    source: "identity collector",
  },
  {
    name: "cilium_operator_identity_gc_latency",
    labels: ["outcome", "identity_type"],
    from: "1.19",
    source: "identity collector",
  },
  {
    name: "cilium_operator_controllers_group_runs_total",
    labels: ["status", "group_name"],
    from: "1.16",
    source: "controller runs of the operator",
  },
  { name: "cilium_operator_unmanaged_pods", labels: [], from: "1.19", source: "pods" },
  {
    name: "cilium_operator_errors_warnings_total",
    labels: ["level", "subsystem"],
    from: "1.19",
    source: "warnings and errors of the operator",
  },
  {
    name: "cilium_operator_version",
    labels: ["version", "revision", "arch"],
    from: "1.19",
    source: "--cilium-version",
  },
];
