/** The exposition formats that a scrape may ask for, and the Accept header that asks, as Prometheus 3 builds it. */

import type { NameValidation } from "../relabel/relabel-config.ts";

/** Prometheus' names of the formats, with their media types. */
const mediaTypes = {
  PrometheusProto:
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
  "PrometheusText0.0.4": "text/plain;version=0.0.4",
  "PrometheusText1.0.0": "text/plain;version=1.0.0",
  "OpenMetricsText0.0.1": "application/openmetrics-text;version=0.0.1",
  "OpenMetricsText1.0.0": "application/openmetrics-text;version=1.0.0",
} as const;

export type ScrapeProtocol = keyof typeof mediaTypes;

/** Names that a config may list. */
export const scrapeProtocols = Object.keys(mediaTypes) as readonly ScrapeProtocol[];

/** What is asked for where the config says nothing. */
export const defaultScrapeProtocols: readonly ScrapeProtocol[] = [
  "OpenMetricsText1.0.0",
  "OpenMetricsText0.0.1",
  "PrometheusText1.0.0",
  "PrometheusText0.0.4",
];

/** How a target should write names that the old rules do not allow. */
export const escapingSchemes = ["allow-utf-8", "underscores", "dots", "values"] as const;
export type EscapingScheme = (typeof escapingSchemes)[number];

/** The default scheme of a validation scheme. */
export function defaultEscapingScheme(nameValidation: NameValidation): EscapingScheme {
  return nameValidation === "legacy" ? "underscores" : "allow-utf-8";
}

/** The Accept header: weights fall by order, whatever else is taken last. */
export function acceptHeader(
  protocols: readonly ScrapeProtocol[],
  escapingScheme: EscapingScheme,
): string {
  // Protobuf is asked for by name only where it can be read, which is not yet.
  const readable = protocols.filter((protocol) => protocol !== "PrometheusProto");
  let weight = scrapeProtocols.length + 1;
  const parts: string[] = [];
  for (const protocol of readable) {
    // Only the newer text formats know the parameter.
    const escaping = protocol.endsWith("Text1.0.0") ? `;escaping=${escapingScheme}` : "";
    parts.push(`${mediaTypes[protocol]}${escaping};q=0.${weight}`);
    weight--;
  }
  parts.push(`*/*;q=0.${weight}`);
  return parts.join(",");
}

/** The media type that a fallback protocol stands for, as textparse compares it. */
export function fallbackMediaType(protocol: ScrapeProtocol | undefined): string {
  return protocol === undefined ? "" : (mediaTypes[protocol].split(";", 1)[0] ?? "");
}
