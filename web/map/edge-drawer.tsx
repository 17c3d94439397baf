/** One edge in full: rates and verdicts over time, why it is dropped, layer 7, the last flows, and the ways on. */

import { pageHref } from "../app/navigation.tsx";
import { groupThousands } from "../charts/plain-number.ts";
import { Link, useRoute } from "../router/router-context.tsx";
import { clockLabel } from "../time/time-axis.ts";
import { usePageTime } from "../time/time-context.tsx";
import { durationText } from "../ui/duration-text.ts";
import { Glyph } from "../ui/glyph.tsx";
import { BarRow } from "./bar-row.tsx";
import { DropReason } from "./drop-reason.tsx";
import { LayerSeven } from "./layer-seven.tsx";
import {
  linkSentence,
  mainVerdict,
  percentText,
  rateChange,
  rateText,
  topNames,
  verdictCounts,
  verdictWords,
} from "./link-facts.ts";
import { MapDrawer, MapFigure, MapSection } from "./map-drawer.tsx";
import { metricQueries, pairFilter } from "./map-filters.ts";
import type { MapLink, MapModel } from "./map-model.ts";
import { secondLabel } from "./map-state.ts";
import { RecentFlows } from "./recent-flows.tsx";
import { useDayVerdicts, useFlowStory } from "./use-map.ts";
import { VerdictHistory } from "./verdict-history.tsx";

interface EdgeDrawerProps {
  readonly model: MapModel;
  readonly link: MapLink;
  readonly vs: string;
  readonly onClose: () => void;
  readonly onChoose: (id: string) => void;
}

/** The drawer of `link`. */
export function EdgeDrawer({ model, link, vs, onClose, onChoose }: EdgeDrawerProps) {
  const { params } = useRoute();
  const { edge } = link;
  const source = model.places.get(link.source);
  const destination = model.places.get(link.destination);
  const filter = pairFilter(source, destination);
  const verdict = mainVerdict(verdictCounts(edge.verdicts));
  const title = `${source?.name ?? "?"} → ${destination?.name ?? "?"}`;
  const places = [...new Set([source?.namespace, destination?.namespace])].filter(
    (name) => name !== undefined && name !== "",
  );
  const subtitle = [...places, ...topNames(edge.ports, 3)].join(", ");
  const metrics = metricQueries(source, destination, edge);
  return (
    <MapDrawer
      label="Edge"
      title={title}
      subtitle={subtitle}
      badge={{ kind: verdict, word: verdictWords[verdict] }}
      onClose={onClose}
      waysOn={{ filter, namespace: destination?.namespace ?? "", query: metrics[0]?.query ?? "" }}
    >
      <EdgeRates link={link} filter={filter} />
      {edge.vs !== null && <Comparison link={link} vs={vs} />}
      <DropReason edge={edge} filter={filter} />
      <LayerSeven edge={edge} filter={filter} />
      <Ports link={link} />
      {link.members.length > 1 && <Members model={model} link={link} />}
      <OtherWindows filter={filter} />
      <RecentFlows filter={filter} />
      <MapSection title="Metrics">
        <ul className="map-links-list">
          {metrics.map(({ label, query }) => (
            <li key={label}>
              <Link
                className="link"
                href={pageHref(`/explore?q=${encodeURIComponent(query)}`, params)}
                title={query}
              >
                {label}
              </Link>
            </li>
          ))}
        </ul>
      </MapSection>
      <MapSection title="Ends">
        {[source, destination].map((place, index) =>
          place === undefined ? null : (
            <button
              key={index === 0 ? "source" : "destination"}
              type="button"
              className="map-row"
              onClick={() => onChoose(place.id)}
            >
              <span className="dim">{index === 0 ? "From" : "To"}</span>
              <span className="truncate">{place.name}</span>
              <span className="dim truncate">{place.detail}</span>
            </button>
          ),
        )}
      </MapSection>
    </MapDrawer>
  );
}

function EdgeRates({ link, filter }: { readonly link: MapLink; readonly filter: string }) {
  const { edge } = link;
  const story = useFlowStory(filter);
  const { zone } = usePageTime();
  const counts = verdictCounts(edge.verdicts);
  const perFlow = edge.flows === 0 ? 0 : edge.perSecond / edge.flows;
  const passed = edge.flows - counts.dropped;
  const byVerdict = story.data?.timeline.byVerdict ?? {};
  const length = story.data?.timeline.buckets.count ?? 0;
  const dropped = sumColumns([byVerdict["DROPPED"], byVerdict["ERROR"]], length);
  const all = sumColumns(Object.values(byVerdict), length);
  const buckets = story.data?.timeline.buckets;
  return (
    <section className="drawer-section">
      <p className="visually-hidden">{linkSentence(edge, link.source, link.destination)}</p>
      <div className="map-figures">
        <Rate label="Dropped" perSecond={counts.dropped * perFlow} />
        <Rate label="Let through" perSecond={passed * perFlow} />
        {edge.latency === null ? (
          <MapFigure label="Flows" value={groupThousands(edge.flows)} />
        ) : (
          <MapFigure label="Latency, p90" value={durationText(edge.latency.p90Ms)} />
        )}
      </div>
      {buckets !== undefined && (
        <figure className="map-history">
          <VerdictHistory all={all} dropped={dropped} />
          <figcaption>
            <span>{clockLabel(buckets.startMs, zone)}</span>
            <span>
              {counts.dropped > 0 && (
                <>
                  <Glyph kind="dropped" /> dropped,{" "}
                </>
              )}
              all flows, {durationText(buckets.stepMs)} a point
            </span>
            <span>{clockLabel(buckets.startMs + buckets.stepMs * buckets.count, zone)}</span>
          </figcaption>
        </figure>
      )}
    </section>
  );
}

function Rate({ label, perSecond }: { readonly label: string; readonly perSecond: number }) {
  const [value = "", unit = ""] = rateText(perSecond).split(" ");
  return <MapFigure label={label} value={value} unit={unit} />;
}

function sumColumns(
  columns: readonly (readonly number[] | undefined)[],
  length: number,
): readonly number[] {
  return Array.from({ length }, (_, index) =>
    columns.reduce((sum, column) => sum + (column?.[index] ?? 0), 0),
  );
}

function Comparison({ link, vs }: { readonly link: MapLink; readonly vs: string }) {
  const { edge } = link;
  const change = rateChange(edge);
  const before = verdictCounts(edge.vs?.verdicts ?? {});
  const now = verdictCounts(edge.change === "gone" ? {} : edge.verdicts);
  const rows = [
    [
      "Flows",
      groupThousands(edge.change === "gone" ? 0 : edge.flows),
      groupThousands(edge.vs?.flows ?? 0),
    ],
    ["Rate", rateText(edge.perSecond), rateText(edge.vs?.perSecond ?? 0)],
    ["Dropped", groupThousands(now.dropped), groupThousands(before.dropped)],
    [
      "p90",
      edge.latency === null ? "" : durationText(edge.latency.p90Ms),
      edge.vs?.p90Ms == null ? "" : durationText(edge.vs.p90Ms),
    ],
  ].filter(([, left, right]) => left !== "" || right !== "");
  return (
    <MapSection title={`Compared with ${secondLabel(vs)}`}>
      <p className="map-sentence">{changeSentence(edge.change, change)}</p>
      <table className="map-mini">
        <thead>
          <tr>
            <th scope="col">
              <span className="visually-hidden">Figure</span>
            </th>
            <th scope="col" className="num">
              Now
            </th>
            <th scope="col" className="num">
              Then
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, left, right]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td className="num">{left}</td>
              <td className="num">{right}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </MapSection>
  );
}

function changeSentence(kind: string, change: number | undefined): string {
  if (kind === "new") return "New: there was no such flow then.";
  if (kind === "gone") return "Gone: no such flow now.";
  if (change === undefined) return "In both windows.";
  if (Math.abs(change) < 0.1) return "About as much as then.";
  return `${percentText(Math.abs(change))} ${change > 0 ? "more" : "less"} than then.`;
}

const portsShown = 8;

function Ports({ link }: { readonly link: MapLink }) {
  const { portCount } = link.edge;
  const ports = Object.entries(link.edge.ports).sort(([, a], [, b]) => b - a);
  if (ports.length === 0) return null;
  return (
    <MapSection title="Protocols and ports">
      <ul className="map-bars">
        {ports.slice(0, portsShown).map(([name, flows]) => (
          <BarRow key={name} name={name} count={flows} share={flows / (ports[0]?.[1] ?? 1)} />
        ))}
      </ul>
      {portCount > portsShown && (
        <p className="dim">and {groupThousands(portCount - portsShown)} more</p>
      )}
    </MapSection>
  );
}

const membersShown = 12;

function Members({ model, link }: { readonly model: MapModel; readonly link: MapLink }) {
  const names = new Map<string, string>();
  for (const place of model.places.values()) {
    for (const node of place.members) names.set(node.id, node.name);
  }
  const members = [...link.members].sort((a, b) => b.flows - a.flows);
  return (
    <MapSection title={`${members.length} edges in one`}>
      <ul className="map-bars">
        {members.slice(0, membersShown).map((edge) => (
          <BarRow
            key={edge.id}
            name={`${names.get(edge.source) ?? ""} → ${names.get(edge.destination) ?? ""}`}
            count={edge.flows}
            share={edge.flows / Math.max(1, members[0]?.flows ?? 1)}
            glyph={mainVerdict(verdictCounts(edge.verdicts))}
          />
        ))}
      </ul>
      {members.length > membersShown && (
        <p className="dim">and {members.length - membersShown} more; open the island to see them</p>
      )}
    </MapSection>
  );
}

function OtherWindows({ filter }: { readonly filter: string }) {
  const day = useDayVerdicts(filter);
  if (day.data === undefined) return null;
  const text = day.data.groups
    .map((group) => `${groupThousands(group.flows)} ${(group.values[0] ?? "").toLowerCase()}`)
    .join(", ");
  return (
    <MapSection title="Same pair, last 24 hours">
      <p>{text === "" ? "no flow" : text}</p>
    </MapSection>
  );
}
