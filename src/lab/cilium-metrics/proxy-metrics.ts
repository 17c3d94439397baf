/** The agent's proxies: HTTP (Envoy) and DNS, redirects, names learned. */

import type { L7Message, ProxyType } from "../events.ts";
import type { Component } from "./component.ts";

/** Writes L7, redirect and FQDN metrics. */
export function collectProxies(component: Component): void {
  const { book, state, nodeName } = component;
  const redirects = book.gauge("cilium_proxy_redirects");
  const replies = book.histogram("cilium_proxy_upstream_reply_seconds");
  collectMessages(component);
  collectNames(component);
  component.onCollect(() => {
    let http = 0;
    let dns = 0;
    for (const endpoint of state.endpoints(nodeName)) {
      http += endpoint.redirects.http;
      dns += endpoint.redirects.dns;
    }
    redirects.labels("http").set(http);
    redirects.labels("dns").set(dns);
  });
  component.on("proxy_reply", ({ protocol, error, scopes }) => {
    for (const [scope, seconds] of Object.entries(scopes)) {
      replies.labels(error, protocol, scope).observe(seconds);
    }
  });
}

function collectMessages(component: Component): void {
  const { book } = component;
  const messages = book.counter("cilium_policy_l7_total");
  const received = book.counter("cilium_policy_l7_received_total");
  const byVerdict = {
    forwarded: book.counter("cilium_policy_l7_forwarded_total"),
    denied: book.counter("cilium_policy_l7_denied_total"),
    parse_errors: book.counter("cilium_policy_l7_parse_errors_total"),
  } as const;
  // Looked up once: two messages for each request of the proxy.
  const childrenOf = (proxy: ProxyType) => ({
    received: messages.labels("received", proxy),
    forwarded: messages.labels("forwarded", proxy),
    denied: messages.labels("denied", proxy),
    parse_errors: messages.labels("parse_errors", proxy),
  });
  const byProxy = { envoy: childrenOf("envoy"), fqdn: childrenOf("fqdn") };
  component.on("l7", ({ proxyType, verdict }) => {
    const rule = ruleOf(verdict);
    const children = byProxy[proxyType];
    children.received.inc();
    children[rule].inc();
    received.inc();
    byVerdict[rule].inc();
  });
}

function ruleOf(verdict: L7Message["verdict"]): "forwarded" | "denied" | "parse_errors" {
  return verdict === "parse_error" ? "parse_errors" : verdict;
}

function collectNames(component: Component): void {
  const { book, state, nodeName } = component;
  const deletions = book.counter("cilium_fqdn_gc_deletions_total");
  const selectors = book.gauge("cilium_fqdn_selectors");
  const names = book.gauge("cilium_fqdn_active_names");
  const addresses = book.gauge("cilium_fqdn_active_ips");
  const zombies = book.gauge("cilium_fqdn_alive_zombie_connections");
  component.on("fqdn_cache", ({ deletedCount }) => deletions.inc(deletedCount));
  component.onCollect(() => {
    selectors.set(state.fqdnSelectorCount);
    for (const family of [names, addresses, zombies]) family.clear();
    for (const counts of state.fqdn(nodeName)) {
      const endpoint = String(counts.endpointId);
      names.labels(endpoint).set(counts.activeNames);
      addresses.labels(endpoint).set(counts.activeIps);
      zombies.labels(endpoint).set(counts.aliveZombies);
    }
  });
}
