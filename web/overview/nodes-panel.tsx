/**
 * Latency of the agents' health probes, and endpoints by state. Where a Cilium version tells the target
 * of a probe, a matrix node by node; since 1.16 agents tell only their own side: a row a node then.
 */

import type { QuerySeries } from "../api/query-series.ts";
import { pageHref } from "../app/navigation.tsx";
import { Link, useRoute } from "../router/router-context.tsx";
import { Glyph } from "../ui/glyph.tsx";
import { latencyText } from "./figure-text.ts";
import { exploreHref } from "./findings.ts";
import { lastValue, partOf } from "./overview-queries.ts";

/** Cells beyond this would not fit. */
const nodesMax = 12;
/** A latency this many times the median of its kind, and above the floor (seconds), is marked. */
const slowFactor = 3;
const slowFloorSeconds = 0.002;

/** A table of latencies in seconds. */
export interface LatencyGrid {
  readonly kind: "matrix" | "probes";
  readonly columns: readonly string[];
  readonly rows: readonly {
    readonly node: string;
    readonly cells: readonly (number | undefined)[];
  }[];
  /** Nodes left out. */
  readonly more: number;
}

/** What the series say: pairs where there are any, else probes by type and protocol. */
export function latencyGrid(moment: readonly QuerySeries[]): LatencyGrid {
  const pairs = partOf(moment, "pair");
  if (pairs.length > 0) {
    const nodes = sorted(
      pairs.flatMap(({ labels }) => [
        labels["source_node_name"] ?? "",
        labels["target_node_name"] ?? "",
      ]),
    );
    const columns = nodes.slice(0, nodesMax);
    const rows = columns.map((node) => ({
      node,
      cells: columns.map((target) =>
        node === target
          ? undefined
          : lastValue(
              pairs.find(
                ({ labels }) =>
                  labels["source_node_name"] === node && labels["target_node_name"] === target,
              ),
            ),
      ),
    }));
    return { kind: "matrix", columns, rows, more: nodes.length - columns.length };
  }
  const probes = partOf(moment, "latency");
  const nameOf = ({ labels }: QuerySeries) => labels["node"] ?? labels["instance"] ?? "";
  const kindOf = ({ labels }: QuerySeries) => `${labels["type"]} ${labels["protocol"]}`;
  const columns = sorted(probes.map(kindOf)).reverse();
  const nodes = sorted(probes.map(nameOf));
  const rows = nodes.slice(0, nodesMax).map((node) => ({
    node,
    cells: columns.map((column) =>
      lastValue(probes.find((one) => nameOf(one) === node && kindOf(one) === column)),
    ),
  }));
  return { kind: "probes", columns, rows, more: nodes.length - rows.length };
}

function sorted(names: readonly string[]): string[] {
  return [...new Set(names)].filter((name) => name !== "").sort();
}

/** Whether a latency stands out among those of its column. */
export function isSlow(value: number, column: readonly (number | undefined)[]): boolean {
  const known = column.filter((one) => one !== undefined).sort((a, b) => a - b);
  const median = known[Math.floor((known.length - 1) / 2)] ?? 0;
  return value > slowFloorSeconds && value > median * slowFactor;
}

export function NodesPanel({ moment }: { readonly moment: readonly QuerySeries[] }) {
  const { params } = useRoute();
  const grid = latencyGrid(moment);
  return (
    <article className="panel">
      <div className="panel-head">
        <h2>Node to node</h2>
        <span className="panel-meta">median of health probes, 5 min</span>
        <i className="spacer" />
        <Link
          className="link small-link"
          href={pageHref(
            exploreHref([
              "histogram_quantile(0.5, sum by (node, type, protocol, le) (rate(cilium_node_health_connectivity_latency_seconds_bucket[5m])))",
            ]),
            params,
          )}
        >
          Explore
        </Link>
      </div>
      <div className="overview-scroll nodes-body">
        {grid.rows.length === 0 ? (
          <p className="dim nodes-empty">
            No agent tells of its probes: cilium_node_health_connectivity_latency_seconds is not
            scraped.
          </p>
        ) : (
          <LatencyTable grid={grid} />
        )}
        <EndpointStates moment={moment} />
      </div>
    </article>
  );
}

function LatencyTable({ grid }: { readonly grid: LatencyGrid }) {
  return (
    <table className="latency">
      <caption className="visually-hidden">
        {grid.kind === "matrix" ? "Latency from row to column" : "Latency of each node's probes"}
      </caption>
      <thead>
        <tr>
          <th>{grid.kind === "matrix" ? "From" : "Probes of"}</th>
          {grid.columns.map((column) => (
            <th key={column} className="num">
              {grid.kind === "matrix" ? column : columnWords(column)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {grid.rows.map(({ node, cells }) => (
          <tr key={node}>
            <th scope="row" className="truncate">
              {node}
            </th>
            {cells.map((value, index) => (
              <td key={grid.columns[index]} className="num">
                <LatencyCell value={value} column={grid.rows.map((row) => row.cells[index])} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
      {grid.more > 0 && <caption className="dim">and {grid.more} more nodes</caption>}
    </table>
  );
}

function columnWords(column: string): string {
  const [type = "", protocol = ""] = column.split(" ");
  return `${type === "endpoint" ? "endpoints" : "nodes"} ${protocol.toUpperCase()}`;
}

interface LatencyCellProps {
  readonly value: number | undefined;
  readonly column: readonly (number | undefined)[];
}

function LatencyCell({ value, column }: LatencyCellProps) {
  if (value === undefined) return <span className="latency-cell is-none">–</span>;
  const slow = isSlow(value, column);
  return (
    <span className={`latency-cell ${slow ? "is-slow" : ""}`}>
      {slow && <Glyph kind="warn" label="slow" />}
      {latencyText(value)}
    </span>
  );
}

function EndpointStates({ moment }: { readonly moment: readonly QuerySeries[] }) {
  const { params } = useRoute();
  const states = partOf(moment, "endpoints")
    .map((one) => ({ state: one.labels["endpoint_state"] ?? "", count: lastValue(one) ?? 0 }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count);
  if (states.length === 0) return null;
  return (
    <div className="endpoint-states">
      <h3>Endpoints by state</h3>
      <div className="endpoint-bar" aria-hidden="true">
        {states.map(({ state, count }) => (
          <i
            key={state}
            className={state === "ready" ? "is-ready" : ""}
            style={{ flexGrow: count }}
          />
        ))}
      </div>
      <ul>
        {states.map(({ state, count }) => (
          <li key={state}>
            <Link
              className="plain-link"
              href={pageHref(`/endpoints?state=${encodeURIComponent(state)}`, params)}
            >
              <Glyph kind={state === "ready" ? "ok" : "pending"} /> {count}{" "}
              <span className="dim">{state}</span>
            </Link>
          </li>
        ))}
      </ul>
    </div>
  );
}
