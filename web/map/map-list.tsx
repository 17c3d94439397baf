/** The map as a table: every edge, sorted as one likes, with the same drawer and the same ways on. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef, useState } from "react";
import { groupThousands } from "../charts/plain-number.ts";
import { durationText } from "../ui/duration-text.ts";
import { Glyph } from "../ui/glyph.tsx";
import {
  changeText,
  mainVerdict,
  percentText,
  rateText,
  topNames,
  verdictCounts,
} from "./link-facts.ts";
import type { MapLink, MapModel } from "./map-model.ts";

interface MapListProps {
  readonly model: MapModel;
  readonly chosen: string;
  readonly found: ReadonlySet<string>;
  readonly isSearching: boolean;
  readonly hasSecond: boolean;
  readonly onChoose: (id: string) => void;
}

interface Column {
  readonly key: string;
  readonly label: string;
  readonly isNumber: boolean;
  readonly value: (link: MapLink, model: MapModel) => number | string;
}

const rowHeight = 28;
const columns: readonly Column[] = [
  {
    key: "source",
    label: "From",
    isNumber: false,
    value: (link, model) => placeName(model, link.source),
  },
  {
    key: "destination",
    label: "To",
    isNumber: false,
    value: (link, model) => placeName(model, link.destination),
  },
  {
    key: "verdict",
    label: "Verdict",
    isNumber: false,
    value: ({ edge }) => mainVerdict(verdictCounts(edge.verdicts)),
  },
  { key: "rate", label: "Rate", isNumber: true, value: ({ edge }) => edge.perSecond },
  { key: "flows", label: "Flows", isNumber: true, value: ({ edge }) => edge.flows },
  {
    key: "dropped",
    label: "Dropped",
    isNumber: true,
    value: ({ edge }) => verdictCounts(edge.verdicts).dropped,
  },
  { key: "p90", label: "p90", isNumber: true, value: ({ edge }) => edge.latency?.p90Ms ?? -1 },
  {
    key: "errors",
    label: "L7 errors",
    isNumber: true,
    value: ({ edge }) => Math.max(0, ...edge.l7.map((l7) => l7.errorShare)),
  },
  {
    key: "ports",
    label: "Protocol and port",
    isNumber: false,
    value: ({ edge }) => topNames(edge.ports, 2).join(", "),
  },
  { key: "change", label: "Change", isNumber: false, value: ({ edge }) => changeText(edge) },
];

/** A table with a caption; only the rows in sight are drawn. */
export function MapList({ model, chosen, found, isSearching, hasSecond, onChoose }: MapListProps) {
  const [sort, setSort] = useState({ key: "flows", isDown: true });
  const scrollRef = useRef<HTMLElement>(null);
  const shown = columns.filter(({ key }) => key !== "change" || hasSecond);
  const links = sorted(
    isSearching
      ? model.allLinks.filter((link) => found.has(link.source) || found.has(link.destination))
      : model.allLinks,
    model,
    sort,
  );
  const rows = useVirtualizer({
    count: links.length,
    getScrollElement: () => scrollRef.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    initialRect: { width: 800, height: 800 },
  });
  const items = rows.getVirtualItems();
  const first = items[0]?.start ?? 0;
  const rest = rows.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a pane that scrolls must be reachable by keys.
    <section className="map-list" ref={scrollRef} tabIndex={0} aria-label="Edges as a table">
      <table>
        <caption className="visually-hidden">
          Edges of the service map: {links.length} of {model.edgeCount}
        </caption>
        <thead>
          <tr>
            {shown.map((column) => (
              <th
                key={column.key}
                scope="col"
                className={column.isNumber ? "num" : ""}
                aria-sort={
                  sort.key !== column.key ? "none" : sort.isDown ? "descending" : "ascending"
                }
              >
                <button
                  type="button"
                  onClick={() =>
                    setSort({
                      key: column.key,
                      isDown: sort.key === column.key ? !sort.isDown : column.isNumber,
                    })
                  }
                >
                  {column.label}
                  {sort.key === column.key && (sort.isDown ? " ↓" : " ↑")}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {first > 0 && <Spacer height={first} columns={shown.length} />}
          {items.map(({ index }) => {
            const link = links[index];
            return link === undefined ? null : (
              <LinkRow
                key={link.id}
                link={link}
                model={model}
                isChosen={link.id === chosen}
                hasSecond={hasSecond}
                onChoose={onChoose}
              />
            );
          })}
          {rest > 0 && <Spacer height={rest} columns={shown.length} />}
        </tbody>
      </table>
    </section>
  );
}

function Spacer({ height, columns }: { readonly height: number; readonly columns: number }) {
  return (
    <tr>
      <td colSpan={columns} style={{ height, padding: 0, border: 0 }} />
    </tr>
  );
}

function sorted(
  links: readonly MapLink[],
  model: MapModel,
  { key, isDown }: { readonly key: string; readonly isDown: boolean },
): readonly MapLink[] {
  const column = columns.find((one) => one.key === key);
  if (column === undefined) return links;
  const sign = isDown ? -1 : 1;
  return links
    .map((link) => ({ link, value: column.value(link, model) }))
    .sort((a, b) => (a.value < b.value ? -sign : a.value > b.value ? sign : 0))
    .map(({ link }) => link);
}

function placeName(model: MapModel, id: string): string {
  const place = model.places.get(id);
  if (place === undefined) return "";
  return place.namespace === "" || place.kind === "island"
    ? place.name
    : `${place.namespace}/${place.name}`;
}

interface LinkRowProps {
  readonly link: MapLink;
  readonly model: MapModel;
  readonly isChosen: boolean;
  readonly hasSecond: boolean;
  readonly onChoose: (id: string) => void;
}

function LinkRow({ link, model, isChosen, hasSecond, onChoose }: LinkRowProps) {
  const { edge } = link;
  const counts = verdictCounts(edge.verdicts);
  const verdict = mainVerdict(counts);
  const errors = Math.max(0, ...edge.l7.map((l7) => l7.errorShare));
  return (
    <tr className={isChosen ? "is-chosen" : ""} aria-selected={isChosen}>
      <td>
        <button
          type="button"
          className="map-list-name"
          aria-label={`${placeName(model, link.source)} to ${placeName(model, link.destination)}`}
          onClick={() => onChoose(link.id)}
        >
          {placeName(model, link.source)}
        </button>
      </td>
      <td>
        <button type="button" className="map-list-name" onClick={() => onChoose(link.destination)}>
          {placeName(model, link.destination)}
        </button>
      </td>
      <td>
        <span className="row">
          <Glyph kind={verdict} />
          {verdict}
        </span>
      </td>
      <td className="num">{rateText(edge.perSecond)}</td>
      <td className="num">{groupThousands(edge.flows)}</td>
      <td className="num">{counts.dropped === 0 ? "" : groupThousands(counts.dropped)}</td>
      <td className="num">{edge.latency === null ? "" : durationText(edge.latency.p90Ms)}</td>
      <td className="num">{errors === 0 ? "" : percentText(errors)}</td>
      <td>{topNames(edge.ports, 2).join(", ")}</td>
      {hasSecond && <td>{changeText(edge)}</td>}
    </tr>
  );
}
