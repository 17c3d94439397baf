/**
 * cilium_process_* and cilium_operator_process_*: the figures of the laboratory's one process, which
 * plays all components. They are real, but the nodes share them (docs/laboratory.md says so).
 */

import { readFileSync } from "node:fs";
import { nodeProcessSource } from "../../metrics/process-metrics.ts";
import type { Registry } from "../../metrics/registry.ts";
import type { Component } from "./component.ts";

/** Where the numbers come from; tests pass a fixed one. undefined where the platform does not tell. */
export interface ProcessFigures {
  cpuSeconds(): number;
  residentBytes(): number;
  heapUsedBytes(): number;
  heapTotalBytes(): number;
  /** Bytes that came and went over the network of the process, which is the machine's. */
  networkBytes(): { readonly received: number; readonly sent: number } | undefined;
  openFileCount(): number | undefined;
  openFilesMax(): number | undefined;
  virtualBytes(): number | undefined;
  virtualBytesMax(): number | undefined;
  /** Seconds since the epoch. */
  startSeconds(): number;
}

/** "Unlimited" as Go's client shows it: the largest unsigned 64-bit number. */
const unlimitedBytes = 2 ** 64;

/** Writes the process metrics under `prefix`: "cilium_process" or "cilium_operator_process". */
export function collectProcess(
  component: Component,
  prefix: string,
  figures: ProcessFigures,
): void {
  const { book } = component;
  const cpu = book.counter(`${prefix}_cpu_seconds_total`);
  const resident = book.gauge(`${prefix}_resident_memory_bytes`);
  component.onCollect(() => {
    cpu.setTotal(figures.cpuSeconds());
    resident.set(figures.residentBytes());
  });
  book.gauge(`${prefix}_start_time_seconds`).set(figures.startSeconds());
  const optional = [
    [`${prefix}_open_fds`, () => figures.openFileCount()],
    [`${prefix}_max_fds`, () => figures.openFilesMax()],
    [`${prefix}_virtual_memory_bytes`, () => figures.virtualBytes()],
    [`${prefix}_virtual_memory_max_bytes`, () => figures.virtualBytesMax()],
  ] as const;
  for (const [name, read] of optional) {
    if (read() === undefined) continue;
    const gauge = book.gauge(name);
    component.onCollect(() => gauge.set(read() ?? 0));
  }
}

/** The plain names of Prometheus' client for Go, as other components have them; returns how to stop. */
export function registerProcess(registry: Registry, figures: ProcessFigures): () => void {
  const cpu = registry.counter({
    name: "process_cpu_seconds_total",
    help: "Total user and system CPU time spent in seconds.",
  });
  const gauge = (name: string, help: string) => registry.gauge({ name: `process_${name}`, help });
  const start = "Start time of the process since unix epoch in seconds.";
  gauge("start_time_seconds", start).set(figures.startSeconds());
  const read: readonly (readonly [string, string, () => number | undefined])[] = [
    ["resident_memory_bytes", "Resident memory size in bytes.", () => figures.residentBytes()],
    ["open_fds", "Number of open file descriptors.", () => figures.openFileCount()],
    ["max_fds", "Maximum number of open file descriptors.", () => figures.openFilesMax()],
    ["virtual_memory_bytes", "Virtual memory size in bytes.", () => figures.virtualBytes()],
    [
      "virtual_memory_max_bytes",
      "Maximum amount of virtual memory available in bytes.",
      () => figures.virtualBytesMax(),
    ],
  ];
  const stops = [registry.onCollect(() => cpu.setTotal(figures.cpuSeconds()))];
  for (const [name, help, ask] of read) {
    if (ask() === undefined) continue;
    const family = gauge(name, help);
    stops.push(registry.onCollect(() => family.set(ask() ?? 0)));
  }
  if (figures.networkBytes() !== undefined) {
    const counter = (name: string, help: string) =>
      registry.counter({ name: `process_network_${name}_bytes_total`, help });
    const received = counter(
      "receive",
      "Number of bytes received by the process over the network.",
    );
    const sent = counter("transmit", "Number of bytes sent by the process over the network.");
    stops.push(registry.onCollect(() => setNetwork(figures, received, sent)));
  }
  return () => {
    for (const stop of stops) stop();
  };
}

/** Where the platform tells. */
export function setNetwork(
  figures: ProcessFigures,
  received: { setTotal(total: number): void },
  sent: { setTotal(total: number): void },
): void {
  const bytes = figures.networkBytes();
  if (bytes === undefined) return;
  received.setTotal(bytes.received);
  sent.setTotal(bytes.sent);
}

/** This process, as Node and /proc see it; `nowMs` is the wall clock. */
export function nodeProcessFigures(nowMs: () => number): ProcessFigures {
  const startSeconds = nowMs() / 1000 - nodeProcessSource.uptimeSeconds();
  return {
    cpuSeconds: () => nodeProcessSource.cpuSeconds(),
    residentBytes: () => nodeProcessSource.memory().rss,
    heapUsedBytes: () => nodeProcessSource.memory().heapUsed,
    heapTotalBytes: () => nodeProcessSource.memory().heapTotal,
    networkBytes: () => readNetworkBytes(),
    openFileCount: () => nodeProcessSource.openFileCount(),
    openFilesMax: () => nodeProcessSource.openFilesMax(),
    virtualBytes: () => readVirtualBytes(),
    virtualBytesMax: () => readVirtualBytesMax(),
    startSeconds: () => Math.round(startSeconds * 100) / 100,
  };
}

/** As Prometheus' client for Go counts them: the IP octets of the process' network namespace. */
function readNetworkBytes(): { readonly received: number; readonly sent: number } | undefined {
  const lines = readProc("net/netstat")
    .split("\n")
    .filter((line) => line.startsWith("IpExt:"));
  const names = lines[0]?.split(" ") ?? [];
  const values = lines[1]?.split(" ") ?? [];
  const read = (name: string): number | undefined => {
    const value = values[names.indexOf(name)];
    return value === undefined ? undefined : Number(value);
  };
  const [received, sent] = [read("InOctets"), read("OutOctets")];
  return received === undefined || sent === undefined ? undefined : { received, sent };
}

function readVirtualBytes(): number | undefined {
  const match = /^VmSize:\s+(\d+) kB/m.exec(readProc("status"));
  return match === null ? undefined : Number(match[1]) * 1024;
}

function readVirtualBytesMax(): number | undefined {
  const match = /^Max address space\s+(\S+)/m.exec(readProc("limits"));
  if (match === null) return undefined;
  return match[1] === "unlimited" ? unlimitedBytes : Number(match[1]);
}

/** "" where there is no /proc (macOS): the metrics that need it are left out. */
function readProc(file: string): string {
  try {
    return readFileSync(`/proc/self/${file}`, "utf8");
  } catch {
    return "";
  }
}
