/** Layer 7 of an edge: requests, methods, status codes, latency quantiles, paths and DNS names. */

import type { MapEdgeAnswer } from "../../src/api/wire/map.ts";
import { durationText } from "../ui/duration-text.ts";
import type { GlyphKind } from "../ui/glyph.tsx";
import { BarRow } from "./bar-row.tsx";
import { percentText, rateText } from "./link-facts.ts";
import { MapFigure, MapSection } from "./map-drawer.tsx";
import { useFlowGroups } from "./use-map.ts";

type L7 = MapEdgeAnswer["l7"][number];

/** What groups of flows tell by protocol: fields, and the word for them. */
const details: Readonly<Record<string, { readonly fields: string; readonly title: string }>> = {
  HTTP: { fields: "http-method,http-url", title: "Paths" },
  DNS: { fields: "dns-query", title: "Names asked for" },
  KAFKA: { fields: "kafka-topic", title: "Topics" },
};
const rcodes: Readonly<Record<string, string>> = {
  "0": "NOERROR",
  "1": "FORMERR",
  "2": "SERVFAIL",
  "3": "NXDOMAIN",
  "5": "REFUSED",
};
const groupsShown = 8;

/** One section a protocol; nothing where the proxy saw nothing. */
export function LayerSeven({
  edge,
  filter,
}: {
  readonly edge: MapEdgeAnswer;
  readonly filter: string;
}) {
  return edge.l7.map((l7) => (
    <ProtocolSection key={l7.protocol} l7={l7} latency={edge.latency} filter={filter} />
  ));
}

function ProtocolSection({
  l7,
  latency,
  filter,
}: {
  readonly l7: L7;
  readonly latency: MapEdgeAnswer["latency"];
  readonly filter: string;
}) {
  return (
    <MapSection
      title={l7.protocol}
      side={l7.errorShare > 0 && <span className="dim">{percentText(l7.errorShare)} errors</span>}
    >
      <div className={`map-figures ${latency === null ? "" : "is-small"}`}>
        <MapFigure label="Requests" value={rateText(l7.requestsPerSecond)} />
        {latency !== null && (
          <>
            <MapFigure label="p50" value={durationText(latency.p50Ms)} />
            <MapFigure label="p90" value={durationText(latency.p90Ms)} />
            <MapFigure label="p99" value={durationText(latency.p99Ms)} />
          </>
        )}
      </div>
      <div className="map-columns">
        <Counts title={operationTitle(l7.protocol)} counts={l7.operations} />
        <Counts
          title="Answers"
          counts={l7.statuses}
          name={(status) => statusName(l7.protocol, status)}
          glyph={(status) => statusGlyph(l7.protocol, Number(status))}
        />
      </div>
      <Paths protocol={l7.protocol} filter={filter} />
    </MapSection>
  );
}

function operationTitle(protocol: string): string {
  if (protocol === "HTTP") return "Methods";
  return protocol === "DNS" ? "Query types" : "Calls";
}

function statusName(protocol: string, status: string): string {
  return protocol === "DNS" ? (rcodes[status] ?? `code ${status}`) : status;
}

function statusGlyph(protocol: string, status: number): GlyphKind {
  if (protocol !== "HTTP") return status === 0 ? "ok" : "warn";
  if (status >= 500) return "crit";
  return status >= 400 ? "warn" : "ok";
}

function Counts({
  title,
  counts,
  name = (text) => text,
  glyph,
}: {
  readonly title: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly name?: (text: string) => string;
  readonly glyph?: (text: string) => GlyphKind;
}) {
  const rows = Object.entries(counts).sort(([, a], [, b]) => b - a);
  if (rows.length === 0) return null;
  return (
    <div>
      <h4>{title}</h4>
      <ul className="map-bars">
        {rows.slice(0, groupsShown).map(([text, count]) => (
          <BarRow
            key={text}
            name={name(text)}
            count={count}
            share={count / (rows[0]?.[1] ?? 1)}
            {...(glyph === undefined ? {} : { glyph: glyph(text) })}
          />
        ))}
      </ul>
    </div>
  );
}

function Paths({ protocol, filter }: { readonly protocol: string; readonly filter: string }) {
  const detail = details[protocol];
  const asked = filter === "" ? "" : `${filter} --protocol ${protocol.toLowerCase()}`;
  const groups = useFlowGroups(asked, detail?.fields ?? "", groupsShown);
  const rows = (groups.data?.groups ?? []).filter(({ values }) =>
    values.some((text) => text !== ""),
  );
  if (detail === undefined || rows.length === 0) return null;
  return (
    <div>
      <h4>{detail.title}</h4>
      <ul className="map-bars">
        {rows.map(({ values, flows }) => (
          <BarRow
            key={values.join(" ")}
            name={values.map(pathOf).join(" ")}
            count={flows}
            share={flows / (rows[0]?.flows ?? 1)}
          />
        ))}
      </ul>
    </div>
  );
}

/** The host is the edge's own end: the path is what differs. */
function pathOf(text: string): string {
  return text.replace(/^https?:\/\/[^/]+(?=\/)/, "");
}
