/**
 * Connections and requests of the HTTP proxy's clients: `envoy_http_*` of the connection manager and
 * `envoy_listener_*` of its one listener, which share most figures. Series are found once: this runs for
 * each event of each request.
 */

import type { Registry } from "../../metrics/registry.ts";
import { proxyPorts } from "../proxy/proxy-ports.ts";
import {
  type ConnectionCounts,
  countConnections,
  type TakeConnection,
} from "./envoy-connections.ts";
import { countCodeClasses, EnvoyFamilies, managerLabel, managerPrefix } from "./envoy-families.ts";

const listenerLabel = "envoy_listener_address";
const listenerAddress = `127.0.0.1_${proxyPorts.http}`;

/** What is counted as a connection comes and goes. */
interface ConnectionSeries {
  opened(): void;
  closed(durationMs: number): void;
}

/** Registers the families. `openConnections` is told how many clients there are. */
export function countDownstream(
  registry: Registry,
  openConnections: (count: number) => void,
): TakeConnection {
  const manager = new EnvoyFamilies(registry, "envoy_http_", [managerLabel]);
  const counter = (name: string) => manager.counter(name, managerPrefix);
  const listener = listenerSeries(registry);
  const connection = managerSeries(manager);
  const answered = countAnswers(registry, manager);
  const received = counter("downstream_cx_rx_bytes_total");
  const sent = counter("downstream_cx_tx_bytes_total");
  const requests = ["downstream_rq_total", "downstream_rq_http1_total", "rq_total"].map(counter);
  const active = manager.gauge("downstream_rq_active", managerPrefix);
  const ended = countEnds(manager);
  const upgraded = countUpgrades(manager);
  const plain: ConnectionCounts["plain"] = {
    protocol_error: counter("downstream_cx_protocol_error"),
    early_answer: counter("downstream_rq_response_before_rq_complete"),
    broken_answer: counter("rq_reset_after_downstream_response_started"),
    reading_paused: counter("downstream_flow_control_paused_reading_total"),
    reading_resumed: counter("downstream_flow_control_resumed_reading_total"),
  };
  const reset = counter("downstream_rq_tx_reset");
  let openCount = 0;
  const takes: ConnectionCounts["takes"] = {
    opened: () => {
      openConnections(++openCount);
      for (const one of [connection, listener]) one.opened();
    },
    request: () => {
      for (const one of requests) one.inc();
      active.inc();
    },
    answer: ({ code, durationMs }) => {
      active.dec();
      answered(code, durationMs);
    },
    broken_answer: () => reset.inc(),
    upgraded: ({ peer }) => upgraded.began(peer),
    closed: (event) => {
      openConnections(--openCount);
      for (const one of [connection, listener]) one.closed(event.durationMs);
      upgraded.ended(event.peer);
      if (event.hasRequest) active.dec();
      ended(event);
    },
  };
  return countConnections({ received, sent, plain, takes });
}

function managerSeries(manager: EnvoyFamilies): ConnectionSeries {
  const opened = ["cx_total", "cx_http1_total"].map((name) =>
    manager.counter(`downstream_${name}`, managerPrefix),
  );
  const active = ["cx_active", "cx_http1_active"].map((name) =>
    manager.gauge(`downstream_${name}`, managerPrefix),
  );
  const length = manager.histogram("downstream_cx_length_ms", managerPrefix);
  return {
    opened: () => {
      for (const one of opened) one.inc();
      for (const one of active) one.inc();
    },
    closed: (durationMs) => {
      for (const one of active) one.dec();
      length.observe(durationMs);
    },
  };
}

/** The datapath hands its connections to the proxy one by one, and one worker takes them all. */
function listenerSeries(registry: Registry): ConnectionSeries {
  const listener = new EnvoyFamilies(registry, "envoy_listener_", [listenerLabel]);
  const worker = new EnvoyFamilies(registry, "envoy_listener_worker_", [
    "envoy_worker_id",
    listenerLabel,
  ]);
  const opened = [
    listener.counter("downstream_cx_total", listenerAddress),
    worker.counter("downstream_cx_total", "0", listenerAddress),
  ];
  const active = [
    listener.gauge("downstream_cx_active", listenerAddress),
    worker.gauge("downstream_cx_active", "0", listenerAddress),
  ];
  const accepted = listener.histogram("connections_accepted_per_socket_event", listenerAddress);
  const destroyed = listener.counter("downstream_cx_destroy", listenerAddress);
  const length = listener.histogram("downstream_cx_length_ms", listenerAddress);
  return {
    opened: () => {
      for (const one of opened) one.inc();
      for (const one of active) one.inc();
      accepted.observe(1);
    },
    closed: (durationMs) => {
      for (const one of active) one.dec();
      destroyed.inc();
      length.observe(durationMs);
    },
  };
}

function countAnswers(
  registry: Registry,
  manager: EnvoyFamilies,
): (code: number, durationMs: number) => void {
  const both = [managerLabel, listenerLabel];
  const listener = new EnvoyFamilies(registry, "envoy_listener_http_", both);
  const completed = [
    manager.counter("downstream_rq_completed", managerPrefix),
    listener.counter("downstream_rq_completed", managerPrefix, listenerAddress),
  ];
  const time = manager.histogram("downstream_rq_time", managerPrefix);
  const byManager = countCodeClasses(registry, "envoy_http_downstream_rq_xx", [managerLabel]);
  const byListener = countCodeClasses(registry, "envoy_listener_http_downstream_rq_xx", both);
  const classes = [byManager(managerPrefix), byListener(managerPrefix, listenerAddress)];
  return (code, durationMs) => {
    for (const one of completed) one.inc();
    for (const count of classes) count(code);
    time.observe(durationMs);
  };
}

function countEnds(manager: EnvoyFamilies): TakeConnection {
  const counter = (name: string) => manager.counter(`downstream_${name}`, managerPrefix);
  const all = counter("cx_destroy");
  const here = counter("cx_destroy_local");
  const there = counter("cx_destroy_remote");
  const busy = counter("cx_destroy_active_rq");
  const busyHere = counter("cx_destroy_local_active_rq");
  const busyThere = counter("cx_destroy_remote_active_rq");
  const reset = counter("rq_rx_reset");
  return ({ isClosedHere, hasRequest }) => {
    all.inc();
    (isClosedHere ? here : there).inc();
    if (!hasRequest) return;
    busy.inc();
    (isClosedHere ? busyHere : busyThere).inc();
    if (!isClosedHere) reset.inc();
  };
}

/** Upgraded connections stay upgraded until they end; a client's address and port tell which they are. */
function countUpgrades(manager: EnvoyFamilies) {
  const total = manager.counter("downstream_cx_upgrades_total", managerPrefix);
  const active = manager.gauge("downstream_cx_upgrades_active", managerPrefix);
  const peers = new Set<string>();
  return {
    began: (peer: string): void => {
      peers.add(peer);
      total.inc();
      active.set(peers.size);
    },
    ended: (peer: string): void => {
      peers.delete(peer);
      active.set(peers.size);
    },
  };
}
