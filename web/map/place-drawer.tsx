/** One place in full: what it is, whom it calls and who calls it, its labels, and the ways on. */

import { groupThousands } from "../charts/plain-number.ts";
import { Glyph } from "../ui/glyph.tsx";
import { lookOf, mainVerdict, rateText, verdictCounts, verdictWords } from "./link-facts.ts";
import { MapDrawer, MapFigure, MapSection } from "./map-drawer.tsx";
import { metricQueries, placeFilter } from "./map-filters.ts";
import { type MapLink, type MapModel, type MapPlace, nodeDetail } from "./map-model.ts";
import { RecentFlows } from "./recent-flows.tsx";

interface PlaceDrawerProps {
  readonly model: MapModel;
  readonly place: MapPlace;
  readonly onClose: () => void;
  readonly onChoose: (id: string) => void;
  readonly onFold: (island: string, isFolded: boolean) => void;
  readonly onOnly: (namespace: string) => void;
}

/** The drawer of `place`. */
export function PlaceDrawer(props: PlaceDrawerProps) {
  const { model, place, onClose, onChoose } = props;
  const filter = placeFilter(place);
  const outgoing = model.links.filter((link) => link.source === place.id);
  const incoming = model.links.filter((link) => link.destination === place.id);
  const [query] = metricQueries(place, undefined, undefined);
  return (
    <MapDrawer
      label="Place"
      title={place.name}
      subtitle={[place.namespace, place.detail].filter((text) => text !== "").join(", ")}
      badge={{ kind: place.verdict, word: verdictWords[place.verdict] }}
      onClose={onClose}
      waysOn={{ filter, namespace: place.namespace, query: query?.query ?? "" }}
    >
      <section className="drawer-section">
        <div className="map-figures">
          <MapFigure label="Calls" value={rateText(totalRate(outgoing))} />
          <MapFigure label="Is called" value={rateText(totalRate(incoming))} />
          <MapFigure
            label="Dropped"
            value={groupThousands(totalDrops([...outgoing, ...incoming]))}
          />
        </div>
        <IslandActions {...props} />
      </section>
      <LinkRows
        title="Calls"
        model={model}
        links={outgoing}
        side="destination"
        onChoose={onChoose}
      />
      <LinkRows
        title="Is called by"
        model={model}
        links={incoming}
        side="source"
        onChoose={onChoose}
      />
      {place.members.length === 1 ? <NodeFacts place={place} /> : <MemberRows place={place} />}
      <RecentFlows filter={filter} />
    </MapDrawer>
  );
}

function IslandActions({ place, onFold, onOnly }: PlaceDrawerProps) {
  return (
    <div className="row map-actions">
      {place.kind === "island" && (
        <button
          type="button"
          className="control is-small"
          onClick={() => onFold(place.island, false)}
        >
          Open the island <kbd>o</kbd>
        </button>
      )}
      {place.kind === "workload" && (
        <button
          type="button"
          className="control is-small"
          onClick={() => onFold(place.island, true)}
        >
          Fold its island <kbd>o</kbd>
        </button>
      )}
      {place.namespace !== "" && (
        <button type="button" className="control is-small" onClick={() => onOnly(place.namespace)}>
          Only {place.namespace}
        </button>
      )}
    </div>
  );
}

const rowsShown = 30;

function LinkRows({
  title,
  model,
  links,
  side,
  onChoose,
}: {
  readonly title: string;
  readonly model: MapModel;
  readonly links: readonly MapLink[];
  readonly side: "source" | "destination";
  readonly onChoose: (id: string) => void;
}) {
  if (links.length === 0) return null;
  const sorted = [...links].sort((a, b) => b.edge.flows - a.edge.flows);
  return (
    <MapSection title={`${title} (${links.length})`}>
      {sorted.slice(0, rowsShown).map((link) => (
        <button key={link.id} type="button" className="map-row" onClick={() => onChoose(link.id)}>
          <Glyph
            kind={mainVerdict(verdictCounts(link.edge.verdicts))}
            label={mainVerdict(verdictCounts(link.edge.verdicts))}
          />
          <span className="truncate">{model.places.get(link[side])?.name ?? ""}</span>
          <span className="dim">{lookOf(link.edge, "rate").label}</span>
        </button>
      ))}
      {links.length > rowsShown && <p className="dim">and {links.length - rowsShown} more</p>}
    </MapSection>
  );
}

function NodeFacts({ place }: { readonly place: MapPlace }) {
  const [node] = place.members;
  if (node === undefined) return null;
  const facts: readonly (readonly [string, string])[] = [
    ["Kind", node.kind],
    ["Namespace", node.namespace],
    ["Cluster", node.cluster],
    [node.identities.length === 1 ? "Identity" : "Identities", node.identities.join(", ")],
    [`Pods (${node.podCount})`, podsText(node.pods, node.podCount)],
  ];
  return (
    <MapSection title="What it is">
      <dl className="pairs">
        {facts
          .filter(([, text]) => text !== "")
          .map(([name, text]) => (
            <div className="pair" key={name}>
              <dt>{name}</dt>
              <dd>{text}</dd>
            </div>
          ))}
      </dl>
      {node.labels.length > 0 && (
        <div className="map-labels">
          {node.labels.map((label) => (
            <span key={label} className="label-chip">
              {label}
            </span>
          ))}
        </div>
      )}
    </MapSection>
  );
}

const podsShown = 8;

function podsText(pods: readonly string[], count: number): string {
  const more = count - Math.min(podsShown, pods.length);
  const names = pods.slice(0, podsShown).join(", ");
  return more > 0 ? `${names} and ${more} more` : names;
}

function MemberRows({ place }: { readonly place: MapPlace }) {
  return (
    <MapSection title={`${place.members.length} workloads`}>
      <ul>
        {place.members.slice(0, rowsShown).map((node) => (
          <li key={node.id} className="map-flow">
            <span className="truncate">{node.name}</span>
            <span className="dim truncate">{nodeDetail(node)}</span>
          </li>
        ))}
      </ul>
      {place.members.length > rowsShown && (
        <p className="dim">and {place.members.length - rowsShown} more</p>
      )}
    </MapSection>
  );
}

function totalRate(links: readonly MapLink[]): number {
  return links.reduce((sum, link) => sum + link.edge.perSecond, 0);
}

function totalDrops(links: readonly MapLink[]): number {
  return links.reduce((sum, link) => sum + verdictCounts(link.edge.verdicts).dropped, 0);
}
