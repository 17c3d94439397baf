/** One flow in full: verdict explained, all fields, JSON, what happened around it. Keys move to the next row. */

import { useState } from "react";
import type { Flow } from "../../src/flow/model/flow.ts";
import { useKeys } from "../app/keys-context.ts";
import { pageHref } from "../app/navigation.tsx";
import { pageEntries } from "../app/page-entries.ts";
import { groupThousands } from "../charts/plain-number.ts";
import { Link, useRoute } from "../router/router-context.tsx";
import { usePageTime } from "../time/time-context.tsx";
import { CloseButton } from "../ui/close-button.tsx";
import { Icon } from "../ui/icon.tsx";
import { Note, Skeleton } from "../ui/notes.tsx";
import { quoteValue } from "./filter-text.ts";
import { endFilter, shortPod, timeText, VerdictText } from "./flow-columns.tsx";
import {
  dropReasonText,
  endName,
  endText,
  flowFields,
  flowTimeMs,
  portOf,
  summaryText,
  verdictWord,
} from "./flow-words.ts";
import type { FlowPage } from "./use-flow-state.ts";
import { useFlowsAround } from "./use-flows.ts";
import { VerdictTab } from "./verdict-tab.tsx";

interface FlowDrawerProps {
  readonly flow: Flow;
  readonly page: FlowPage;
  /** Its place among the rows; undefined where the table has not read it. */
  readonly position: { readonly index: number; readonly count: number } | undefined;
  readonly onClose: () => void;
}

export function FlowDrawer({ flow, page, position, onClose }: FlowDrawerProps) {
  const fields = flowFields(flow);
  const tabs = [
    { id: "verdict", label: "Verdict" },
    { id: "fields", label: `Fields ${fields.length}` },
    { id: "json", label: "JSON" },
    { id: "around", label: "Around this flow" },
  ];
  const tab = tabs.some(({ id }) => id === page.state.tab) ? page.state.tab : "verdict";
  const [copied, setCopied] = useState<string>();
  const isCopied = copied !== undefined && copied === flow.uuid;
  const copyLink = () => {
    void navigator.clipboard?.writeText(window.location.href).then(() => setCopied(flow.uuid));
  };
  useKeys([
    { keys: "Escape", label: "Close the flow", group: "Flows", run: onClose },
    { keys: "y", label: "Copy a link to the flow", group: "Flows", run: copyLink },
  ]);
  const port = portOf(flow, "destination");
  const { kind } = verdictWord(flow.verdict);
  return (
    <aside className="drawer flow-drawer" aria-label="Flow">
      <div className="drawer-head">
        <span className={`badge is-tinted is-${kind}`}>
          <VerdictText verdict={flow.verdict} />
        </span>
        <span className="truncate">
          {flow.drop_reason_desc !== undefined && (
            <>
              <b>{dropReasonText(flow)}</b>{" "}
              <span className="dim">{String(flow.drop_reason ?? "")}</span>
            </>
          )}
        </span>
        <i className="spacer" />
        {position !== undefined && (
          <span className="dim">
            {groupThousands(position.index + 1)} of {groupThousands(position.count)}
          </span>
        )}
        <button
          type="button"
          className="control is-ghost is-icon"
          aria-label={isCopied ? "Link copied" : "Copy a link to the flow"}
          title={isCopied ? "Copied" : "Copy link (y)"}
          onClick={copyLink}
        >
          <Icon name={isCopied ? "copy" : "link"} />
        </button>
        <CloseButton label="Close the flow" onClose={onClose} />
      </div>
      <h2 className="flow-title">
        {endText(flow, "source")} <span aria-hidden="true">→</span>
        <span className="visually-hidden">to</span> {endText(flow, "destination")}
        {port === undefined ? "" : ` :${port}`}
      </h2>
      <div className="tabs" role="tablist" aria-label="Parts of the flow">
        {tabs.map(({ id, label }) => (
          <button
            key={id}
            id={`flow-tab-${id}`}
            type="button"
            role="tab"
            aria-selected={id === tab}
            aria-controls="flow-tab-panel"
            onClick={() => page.setTab(id)}
          >
            {label}
          </button>
        ))}
      </div>
      <div
        className="drawer-body"
        id="flow-tab-panel"
        role="tabpanel"
        aria-labelledby={`flow-tab-${tab}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and keys must reach it.
        tabIndex={0}
      >
        {tab === "verdict" && <VerdictTab flow={flow} />}
        {tab === "fields" && <FieldsTab flow={flow} page={page} />}
        {tab === "json" && <pre className="flow-json">{JSON.stringify(flow, null, 2)}</pre>}
        {tab === "around" && <AroundTab flow={flow} page={page} />}
      </div>
      <DrawerFoot flow={flow} page={page} />
    </aside>
  );
}

function DrawerFoot({ flow, page }: { readonly flow: Flow; readonly page: FlowPage }) {
  const { params } = useRoute();
  const has = (path: string) => pageEntries.some((entry) => entry.path === path);
  const namespaces = [flow.source?.namespace, flow.destination?.namespace].filter(
    (name): name is string => name !== undefined && name !== "",
  );
  const map = `/map?ns=${encodeURIComponent([...new Set(namespaces)].join(","))}`;
  const workload = flow.destination?.workloads?.[0]?.name ?? "";
  const metric = `sum by (verdict) (rate(hubble_flows_processed_total[1m]))`;
  return (
    <div className="drawer-foot">
      <button
        type="button"
        className="control is-primary"
        onClick={() => page.setFilter({ q: alikeFilter(flow), toggles: [], not: [], only: [] })}
      >
        Find alike
      </button>
      {has("/map") && (
        <Link className="control" href={pageHref(map, params)}>
          Show on map
        </Link>
      )}
      <Link
        className="control"
        href={pageHref(`/explore?q=${encodeURIComponent(metric)}`, params)}
        title={
          workload === "" ? "Rates of flows by verdict" : `Rates of flows, also of ${workload}`
        }
      >
        Metrics
      </Link>
    </div>
  );
}

/** Same verdict, workloads and port. */
export function alikeFilter(flow: Flow): string {
  const end = (name: "source" | "destination") => {
    const side = name === "source" ? "from" : "to";
    const workload = flow[name]?.workloads?.[0]?.name;
    if (workload === undefined) return endFilter(flow, name);
    const { namespace } = endName(flow, name);
    return `--${side}-pod ${quoteValue(`${namespace}/${workload}`)}`;
  };
  const port = portOf(flow, "destination");
  return [
    flow.verdict === undefined ? undefined : `--verdict ${String(flow.verdict)}`,
    end("source"),
    end("destination"),
    port === undefined || flow.is_reply === true ? undefined : `--to-port ${port}`,
  ]
    .filter((part) => part !== undefined)
    .join(" ");
}

/** Filters by the JSON path of a field. */
const fieldFlags: Readonly<Record<string, string>> = {
  uuid: "uuid",
  verdict: "verdict",
  drop_reason_desc: "drop-reason-desc",
  "IP.source": "from-ip",
  "IP.destination": "to-ip",
  "source.identity": "from-identity",
  "destination.identity": "to-identity",
  "source.namespace": "from-namespace",
  "destination.namespace": "to-namespace",
  "source.workloads[0].name": "from-workload",
  "destination.workloads[0].name": "to-workload",
  "source.cluster_name": "from-cluster",
  "destination.cluster_name": "to-cluster",
  "l4.TCP.destination_port": "to-port",
  "l4.UDP.destination_port": "to-port",
  "l4.SCTP.destination_port": "to-port",
  "l4.TCP.source_port": "from-port",
  "l4.UDP.source_port": "from-port",
  "l7.http.code": "http-status",
  "l7.http.method": "http-method",
  "trace_context.parent.trace_id": "trace-id",
  traffic_direction: "traffic-direction",
  node_name: "node-name",
};

function fieldFilter(path: string, value: string): string | undefined {
  if (/^source\.labels\[/.test(path)) return `--from-label ${quoteValue(value)}`;
  if (/^destination\.labels\[/.test(path)) return `--to-label ${quoteValue(value)}`;
  const flag = fieldFlags[path];
  if (flag === undefined) return undefined;
  return `--${flag} ${quoteValue(flag === "traffic-direction" ? value.toLowerCase() : value)}`;
}

function FieldsTab({ flow, page }: { readonly flow: Flow; readonly page: FlowPage }) {
  return (
    <table className="flow-fields">
      <caption className="visually-hidden">All fields of the flow</caption>
      <thead>
        <tr>
          <th scope="col">Field</th>
          <th scope="col">Value</th>
          <th scope="col">
            <span className="visually-hidden">Filter</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {flowFields(flow).map(({ path, value }) => {
          const line = fieldFilter(path, value);
          return (
            <tr key={path}>
              <th scope="row" className="mono">
                {path}
              </th>
              <td className="mono">{value}</td>
              <td>
                {line !== undefined && (
                  <span className="row">
                    <button
                      type="button"
                      className="control is-small is-ghost"
                      title={`Only ${line}`}
                      aria-label={`only ${line}`}
                      onClick={() => page.keepOnly(line)}
                    >
                      only
                    </button>
                    <button
                      type="button"
                      className="control is-small is-ghost"
                      title={`Leave out ${line}`}
                      aria-label={`not ${line}`}
                      onClick={() => page.exclude(line)}
                    >
                      not
                    </button>
                  </span>
                )}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** What the same two ends did within two seconds. */
function AroundTab({ flow, page }: { readonly flow: Flow; readonly page: FlowPage }) {
  const { zone } = usePageTime();
  const timeMs = flowTimeMs(flow);
  const lines = (["source", "destination"] as const).flatMap((end) => {
    const line = endFilter(flow, end);
    // Either direction: answers belong to it.
    return line === undefined ? [] : [line.replace(/^--(from|to)-/, "--")];
  });
  const around = useFlowsAround(lines.join("\n"), timeMs);
  if (around.data === undefined) {
    return around.isError ? (
      <Note kind="crit" title="These flows cannot be read.">
        {around.error.message}
      </Note>
    ) : (
      <Skeleton label="Reading flows" />
    );
  }
  return (
    <table className="flow-around">
      <caption>
        {groupThousands(around.data.flows.length)} flows of both ends within 2 s
        {around.data.cursor === null ? "" : " (the first ones)"}
      </caption>
      <thead>
        <tr>
          <th scope="col">Δ</th>
          <th scope="col">Verdict</th>
          <th scope="col">From, what</th>
        </tr>
      </thead>
      <tbody>
        {around.data.flows.map((one) => (
          <tr key={one.uuid} className={one.uuid === flow.uuid ? "is-chosen" : ""}>
            <td className="mono" title={timeText(flowTimeMs(one), zone)}>
              {one.uuid === flow.uuid ? "this" : deltaText(flowTimeMs(one) - timeMs)}
            </td>
            <td>
              <VerdictText verdict={one.verdict} />
            </td>
            <td>
              <button
                type="button"
                className="flow-around-one"
                onClick={() => page.choose(one.uuid ?? null)}
              >
                {shortPod(endName(one, "source").name).join("")}{" "}
                <span className="mono mid">{summaryText(one)}</span>
                <span className="dim">
                  {" "}
                  {String(one.trace_observation_point ?? "")
                    .toLowerCase()
                    .replaceAll("_", " ")}
                </span>
              </button>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function deltaText(ms: number): string {
  const sign = ms < 0 ? "−" : "+";
  const size = Math.abs(ms);
  return size < 1000
    ? `${sign}${size.toFixed(size < 10 ? 2 : 0)} ms`
    : `${sign}${(size / 1000).toFixed(2)} s`;
}
