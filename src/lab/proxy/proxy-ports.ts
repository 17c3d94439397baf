/** Ports of the proxies' listeners, as flows and Envoy's metrics show them; nothing listens there outside the datapath. */

/** Cilium chooses such ports from 10000 to 20000 and from the range of clients. */
export const proxyPorts = { http: 16_555, dns: 34_567 } as const;
