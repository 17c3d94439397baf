/** One endpoint in full: what `cilium endpoint get` has, the rules that act on it, and the ways on. */

import type { WireEndpoint } from "../../src/api/wire/cluster.ts";
import type { WireEndpointRules } from "../../src/api/wire/flow-explanation.ts";
import { ListDrawer, type ListDrawerNavigation } from "../app/list-drawer.tsx";
import { pageHref } from "../app/navigation.tsx";
import { quoteValue } from "../flows/filter-text.ts";
import { FlowStrip } from "../flows/flow-strip.tsx";
import { useFlowTimeline } from "../flows/use-flows.ts";
import { policyPath } from "../flows/verdict-tab.tsx";
import { Link, useRoute } from "../router/router-context.tsx";
import { Skeleton } from "../ui/notes.tsx";
import { endpointName, stateBadge } from "./endpoint-list.ts";
import { Enforcement } from "./endpoints-table.tsx";
import { useEndpointPolicy } from "./use-cluster.ts";

interface EndpointDrawerProps extends ListDrawerNavigation {
  readonly endpoint: WireEndpoint;
  readonly clusterRevision: number | undefined;
}

export function EndpointDrawer({ endpoint, clusterRevision, ...navigation }: EndpointDrawerProps) {
  return (
    <ListDrawer
      {...navigation}
      noun="endpoint"
      keyGroup="Endpoints"
      badge={stateBadge(endpoint.state)}
      head={
        <h2 className="truncate" title={endpointName(endpoint)}>
          {endpointName(endpoint)}
        </h2>
      }
      foot={<WaysOn endpoint={endpoint} />}
    >
      <Facts endpoint={endpoint} />
      <PolicySection endpoint={endpoint} clusterRevision={clusterRevision} />
      <RecentFlows endpoint={endpoint} />
      <section className="drawer-section">
        <h3>Labels of its identity</h3>
        <ul className="label-list mono">
          {endpoint.labels.map((label) => (
            <li key={label}>{label}</li>
          ))}
        </ul>
      </section>
      <details className="drawer-section">
        <summary>As JSON</summary>
        <pre className="flow-json">{JSON.stringify(endpoint, null, 2)}</pre>
      </details>
    </ListDrawer>
  );
}

function Facts({ endpoint }: { readonly endpoint: WireEndpoint }) {
  const { params } = useRoute();
  const { workload, redirects, state } = endpoint;
  const isReady = state === "ready";
  return (
    <section className="drawer-section">
      <h3>Endpoint</h3>
      <dl className="pairs">
        <dt>Id</dt>
        <dd className="mono">{endpoint.id}</dd>
        {workload !== undefined && (
          <>
            <dt>Workload</dt>
            <dd>
              {workload.kind} {workload.name}
            </dd>
          </>
        )}
        <dt>Identity</dt>
        <dd>
          <Link
            className="link mono"
            href={pageHref(`/endpoints?view=identities&q=${endpoint.identity}`, params)}
          >
            {endpoint.identity}
          </Link>
        </dd>
        <dt>Address</dt>
        <dd className="mono">{endpoint.ipv4}</dd>
        <dt>Node</dt>
        <dd>{endpoint.nodeName}</dd>
        <dt>Cluster</dt>
        <dd>{endpoint.clusterName}</dd>
        <dt>Health</dt>
        <dd>{isReady ? "Datapath and policy OK" : `Datapath and policy wait: ${state}`}</dd>
        <dt>Proxy redirects</dt>
        <dd>
          {redirects.http + redirects.dns === 0
            ? "none"
            : [
                redirects.http > 0 ? `${redirects.http} HTTP` : "",
                redirects.dns > 0 ? `${redirects.dns} DNS` : "",
              ]
                .filter((text) => text !== "")
                .join(", ")}
        </dd>
      </dl>
    </section>
  );
}

function PolicySection({
  endpoint,
  clusterRevision,
}: {
  readonly endpoint: WireEndpoint;
  readonly clusterRevision: number | undefined;
}) {
  const rules = useEndpointPolicy(endpoint);
  const { revision } = endpoint.policy;
  const isBehind = clusterRevision !== undefined && revision < clusterRevision;
  return (
    <section className="drawer-section">
      <h3>Policy</h3>
      <p className={isBehind ? "endpoint-behind" : "mid"}>
        {isBehind
          ? `It runs revision ${revision}; the cluster is at ${clusterRevision}. It regenerates now, or cannot: look at its agent's log.`
          : `Revision ${revision}, the cluster's own: it needs no regeneration.`}
      </p>
      {rules.data === undefined ? (
        rules.isError ? (
          <p className="mid">Its rules cannot be read: {rules.error.message}</p>
        ) : (
          <Skeleton label="Reading rules" />
        )
      ) : (
        <>
          <Direction name="Ingress" isOn={endpoint.policy.ingress} rules={rules.data.ingress} />
          <Direction name="Egress" isOn={endpoint.policy.egress} rules={rules.data.egress} />
        </>
      )}
    </section>
  );
}

function Direction({
  name,
  isOn,
  rules,
}: {
  readonly name: string;
  readonly isOn: boolean;
  readonly rules: WireEndpointRules;
}) {
  const { params } = useRoute();
  const open = isOn ? "its rules do not turn default deny on" : "no policy acts on it";
  const words = rules.isDefaultDeny ? "what no rule allows is dropped" : open;
  return (
    <div className="endpoint-direction">
      <div className="row">
        <b>{name}</b> <Enforcement isOn={isOn} /> <span className="dim">{words}</span>
      </div>
      {rules.rules.length > 0 && (
        <ul>
          {rules.rules.map((rule) => (
            <li key={`${rule.kind} ${rule.namespace} ${rule.name} ${rule.section} ${rule.index}`}>
              <Link className="link" href={pageHref(policyPath(rule, rule.line), params)}>
                {rule.namespace === "" ? "" : `${rule.namespace}/`}
                {rule.name}, {rule.section}[{rule.index}]
              </Link>{" "}
              <span className="dim">
                {rule.isDeny ? "denies " : ""}
                {rule.peers === null
                  ? "every peer"
                  : rule.peers.length === 0
                    ? "no peer"
                    : rule.peers.join(" or ")}
              </span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** The filter that means this endpoint's flows. */
export function endpointFlowsFilter({ kind, namespace, podName, ipv4 }: WireEndpoint): string {
  return kind === "pod" ? `--pod ${quoteValue(`${namespace}/${podName}`)}` : `--ip ${ipv4}`;
}

function RecentFlows({ endpoint }: { readonly endpoint: WireEndpoint }) {
  const q = endpointFlowsFilter(endpoint);
  const timeline = useFlowTimeline({ q, hide: "", and: "" });
  if (timeline.isError) return null;
  return (
    <section className="drawer-section endpoint-strip">
      <h3>Its flows in this window, dropped ones at the foot</h3>
      <FlowStrip timeline={timeline.data} />
    </section>
  );
}

function WaysOn({ endpoint }: { readonly endpoint: WireEndpoint }) {
  const { params } = useRoute();
  const flows = `/flows?q=${encodeURIComponent(endpointFlowsFilter(endpoint))}`;
  const metric =
    "sum by (outcome) (rate(cilium_endpoint_regenerations_total[5m])) or sum by (enforcement) (cilium_policy_endpoint_enforcement_status)";
  return (
    <>
      <Link className="control is-primary" href={pageHref(flows, params)}>
        Flows
      </Link>
      <Link
        className="control"
        href={pageHref(`${flows}${encodeURIComponent(" --verdict DROPPED")}`, params)}
      >
        Drops
      </Link>
      <Link className="control" href={pageHref("/policies", params)}>
        Policies
      </Link>
      <Link
        className="control"
        href={pageHref(`/explore?q=${encodeURIComponent(metric)}`, params)}
        title="Regenerations and enforcement, as the agents count them"
      >
        Metrics
      </Link>
    </>
  );
}
