/**
 * What brings a metric or a label that is missing: the facts of the catalogue and of the chart as
 * sentences and Helm lines. Pure; diagnose.ts finds out what is missing.
 */

import { contextLabels } from "../../flowmetrics/context.ts";
import { handlerKinds } from "../../flowmetrics/registry.ts";
import { nearestWord } from "../../schema/did-you-mean.ts";
import {
  componentPrefixes,
  componentSwitches,
  type MetricFact,
  metricFacts,
  prefixFeatures,
} from "./generated/metric-facts.ts";

/** Why and what to do; see DoctorFinding. */
export interface Advice {
  readonly why: string;
  readonly mend: string;
  readonly helm?: readonly string[];
  readonly policy?: string;
  readonly didYouMean?: string;
}

/** Handlers that see nothing until a policy sends the traffic through the proxy, and a rule that does. */
const visibility: Readonly<Record<string, { readonly what: string; readonly rule: string }>> = {
  dns: {
    what: "DNS requests are seen only where a policy has a DNS rule",
    rule: `  egress:
    - toEndpoints:
        - matchLabels:
            k8s:io.kubernetes.pod.namespace: kube-system
            k8s:k8s-app: kube-dns
      toPorts:
        - ports: [{ port: "53", protocol: ANY }]
          rules:
            dns: [{ matchPattern: "*" }]`,
  },
  http: {
    what: "HTTP requests are seen only where a policy has an HTTP rule",
    rule: `  ingress:
    - fromEntities: [cluster]
      toPorts:
        - ports: [{ port: "80", protocol: TCP }]
          rules:
            http: [{}]`,
  },
  kafka: {
    what: "Kafka requests are seen only where a policy has a Kafka rule",
    rule: `  ingress:
    - fromEntities: [cluster]
      toPorts:
        - ports: [{ port: "9092", protocol: TCP }]
          rules:
            kafka: [{}]`,
  },
};

const policyHead = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: see-l7
spec:
  endpointSelector: {}
`;

/** What is scraped here, for telling "off" from "nothing happened". */
export interface Presence {
  /** Names of all metrics of the window. */
  readonly names: readonly string[];
}

/** Facts of a metric; those of a histogram's parts are those of the whole. */
export function factsOf(metric: string): readonly MetricFact[] {
  const stem = metric.replace(/_(bucket|count|sum)$/, "");
  for (const name of [metric, stem]) {
    if (Object.hasOwn(metricFacts, name)) return metricFacts[name] ?? [];
  }
  return [];
}

/** A metric without a series in the window. */
export function adviseMetric(metric: string, presence: Presence): Advice {
  const facts = factsOf(metric);
  const fact = facts[0];
  if (fact === undefined) return adviseUnknown(metric, presence);
  if (fact.until !== undefined) {
    return {
      why: `Cilium ${fact.until} documents it, 1.19 no longer does.`,
      mend: "Take the metric out of the panel, or choose its successor.",
      ...nearest(metric, presence.names),
    };
  }
  if (fact.component === "Hubble") return adviseHubble(facts, presence);
  if (fact.feature !== undefined) {
    return adviseFeature(fact.component, quoteSection(fact), fact.feature);
  }
  if (fact.isOff === true) {
    return {
      why: `${fact.component} exports it only when it is asked for.`,
      mend: "Add it to the agent's metrics.",
      helm: [
        ...componentLines(fact.component),
        `--set prometheus.metrics="{+${metric.replace(/_(bucket|count|sum)$/, "")}}"`,
      ],
    };
  }
  if (hasComponent(fact.component, presence.names)) {
    return {
      why: `${fact.component} is scraped here and has this metric on by default; it appears with the first event that it counts (${quoteSection(fact)}).`,
      mend: "",
    };
  }
  return {
    why: `No metric of ${fact.component} is scraped here.`,
    mend: "Switch its metrics on and add the target to scrape_configs.",
    helm: componentLines(fact.component),
  };
}

function adviseFeature(component: string, name: string, feature: string): Advice {
  return {
    why: `It belongs to ${name}, which ${component} has only with ${feature.replace(",", " and ")}.`,
    mend: "Switch the feature on where it is wanted; without it the panel has nothing to show.",
    helm: [...componentLines(component), ...feature.split(",").map(setLine)],
  };
}

function adviseHubble(facts: readonly MetricFact[], { names }: Presence): Advice {
  const handlers = [...new Set(facts.filter((one) => one.isOff).map((one) => one.section))];
  if (handlers.length === 0) {
    return hasComponent("Hubble", names)
      ? { why: "Hubble is scraped here; it appears with the first such event.", mend: "" }
      : {
          why: "No metric of Hubble is scraped here.",
          mend: "Switch Hubble and its metrics on, and scrape port 9965 of the agents.",
          helm: [setLine("hubble.enabled=true"), handlerLine("flow")],
        };
  }
  const [handler = ""] = handlers;
  const seen = visibility[handler.toLowerCase().replace("v2", "")];
  const others = handlersSeen(names);
  const isRunning = others.includes(handler);
  const made = `The ${handlers.join(" or ")} handler of Hubble makes it`;
  const conflict = handlerKinds.find(({ name }) => name === handler)?.conflictsWith ?? [];
  const rival = conflict.find((name) => others.includes(name));
  const why = isRunning
    ? `${made}, which runs here: nothing was counted yet${seen === undefined ? ", so this is a true zero" : ""}.`
    : rival !== undefined
      ? `${made}; here the ${rival} handler runs, and the two exclude each other.`
      : `${made}; no series of that handler is here.`;
  return {
    why: seen === undefined ? why : `${why} ${seen.what}.`,
    mend: isRunning
      ? ""
      : rival === undefined
        ? "Add the handler to Hubble's metrics."
        : `Ask ${rival}'s metrics instead, or run ${handler} in its place.`,
    ...(isRunning ? {} : { helm: [handlerLine(handler)] }),
    ...(seen === undefined ? {} : { policy: policyHead + seen.rule }),
  };
}

/** Handlers whose own metrics are among the names; those that share a name with another handler count for both. */
function handlersSeen(names: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  const own = new Set(names.map((name) => name.replace(/_(bucket|count|sum)$/, "")));
  // http and httpV2 share names; only http has responses.
  const hasResponses = own.has("hubble_http_responses_total");
  for (const name of own) {
    for (const fact of name.startsWith("hubble_") ? factsOf(name) : []) {
      if (fact.section === "httpV2" && hasResponses) continue;
      if (fact.section === "http" && !hasResponses) continue;
      seen.add(fact.section);
    }
    const handler = handlerOfName(name);
    if (handler !== undefined && !handler.startsWith("http")) seen.add(handler);
  }
  return [...seen];
}

/** The handler that a name's start speaks of: `hubble_policy_verdicts_total` → policy. */
function handlerOfName(metric: string): string | undefined {
  return handlerKinds
    .map(({ name }) => name)
    .find((name) => metric.startsWith(`hubble_${name.replaceAll("-", "_")}_`));
}

function adviseUnknown(metric: string, presence: Presence): Advice {
  const feature = prefixFeatures.find(([prefix]) => metric.startsWith(prefix))?.[1];
  if (feature !== undefined)
    return adviseFeature("cilium-operator", "cloud address management", feature);
  const handler = handlerOfName(metric);
  const near = nearest(metric, presence.names);
  if (handler !== undefined && near.didYouMean === undefined) {
    return {
      why: `Its name is that of Hubble's ${handler} handler.`,
      mend: "Add the handler to Hubble's metrics.",
      helm: [handlerLine(handler)],
    };
  }
  const component = componentPrefixes.find(([prefix]) => metric.startsWith(prefix))?.[1];
  if (component !== undefined) {
    const isHere = presence.names.some((name) =>
      componentPrefixes.some(([prefix, one]) => one === component && name.startsWith(prefix)),
    );
    return {
      why: isHere
        ? `${component} is scraped here; it appears with the first event that it counts.`
        : `It is a metric of ${component}, of which nothing is scraped here.`,
      mend: isHere ? "" : "Switch its metrics on and add the target to scrape_configs.",
      ...(isHere ? {} : { helm: componentLines(component) }),
      ...near,
    };
  }
  const exporter = exporterOf(metric);
  return {
    why:
      exporter === undefined
        ? "No target exposes it, and neither Cilium 1.16 nor 1.19 documents it."
        : `It is a metric of ${exporter}, of which nothing is scraped here.`,
    mend:
      near.didYouMean !== undefined
        ? `Did you mean ${near.didYouMean}?`
        : exporter === undefined
          ? "Check the name, or add the target that exposes it to scrape_configs."
          : `Add ${exporter} to scrape_configs.`,
    ...near,
  };
}

/** Exporters beside Cilium that dashboards often ask. */
const exporters: readonly (readonly [prefix: RegExp, name: string])[] = [
  [/^node_/, "node_exporter"],
  [/^kube_/, "kube-state-metrics"],
  [/^container_/, "the kubelet's cAdvisor"],
  [
    /^(namespace_|node_namespace_|cluster:)/,
    "recording rules over cAdvisor and kube-state-metrics",
  ],
  [/^coredns_/, "CoreDNS"],
  [/^apiserver_/, "the Kubernetes API server"],
  [/^kubelet_/, "the kubelet"],
  [/^etcd_/, "etcd"],
];

function exporterOf(metric: string): string | undefined {
  return exporters.find(([prefix]) => prefix.test(metric))?.[1];
}

/** A label that no series of the metric has. */
export function adviseLabel(label: string, metric: string, labels: readonly string[]): Advice {
  const facts = factsOf(metric).filter((one) => one.component === "Hubble");
  const handler = facts[0]?.section ?? handlerOfName(metric);
  const near = nearestWord(label, labels);
  const hint = near === undefined ? {} : { didYouMean: near };
  if (handler === undefined) {
    return {
      why: `Its series have ${listText(labels.filter((one) => one !== "__name__"))}.`,
      mend: near === undefined ? "" : `Did you mean ${near}?`,
      ...hint,
    };
  }
  const kind = handlerKinds.find(({ name }) => name === handler);
  const own = Object.keys(kind?.options ?? {}).find((option) => option === label);
  if (own !== undefined) {
    return {
      why: `The panel needs it; the ${handler} handler has it only with option \`${own}\`.`,
      mend: "Give the handler the option.",
      helm: [handlerLine(handler, own)],
    };
  }
  if (label === "source" || label === "destination") {
    return {
      why: `The panel needs it; the ${handler} handler has it only with option \`${label}Context\`.`,
      mend: "Give the handler the option.",
      helm: [handlerLine(handler, `${label}Context=workload-name|reserved-identity`)],
    };
  }
  if ((contextLabels as readonly string[]).includes(label)) {
    return {
      why: `The panel needs it; the ${handler} handler has it only with option \`labelsContext\`.`,
      mend: "Add the label to the handler's labelsContext.",
      helm: [handlerLine(handler, `labelsContext=${label}`)],
    };
  }
  return {
    why: `No option of the ${handler} handler gives it. Its series have ${listText(labels.filter((one) => one !== "__name__"))}.`,
    mend: near === undefined ? "" : `Did you mean ${near}?`,
    ...hint,
  };
}

/** A value that no series of the metric has. */
export function adviseValue(
  matcher: { readonly name: string; readonly operator: string; readonly value: string },
  values: readonly string[],
): Advice {
  if (matcher.name === "family" && /v6/i.test(matcher.value)) {
    return {
      why: "No series is of IPv6: the cluster speaks IPv4 only.",
      mend: "Switch IPv6 on, or leave the panel empty.",
      helm: [setLine("ipv6.enabled=true")],
    };
  }
  const near = matcher.operator === "=" ? nearestWord(matcher.value, values) : undefined;
  return {
    why:
      values.length === 0
        ? ""
        : `${matcher.name} is ${listText(
            values.map((value) => (value === "" ? '""' : value)),
            "or",
          )}.`,
    mend: near === undefined ? "" : `Did you mean ${near}?`,
    ...(near === undefined ? {} : { didYouMean: near }),
  };
}

const listedMax = 6;

/** `a, b and c`, cut where there are many. */
export function listText(items: readonly string[], last = "and"): string {
  if (items.length === 0) return "none";
  if (items.length === 1) return items[0] as string;
  if (items.length <= listedMax) return `${items.slice(0, -1).join(", ")} ${last} ${items.at(-1)}`;
  return `${items.slice(0, listedMax).join(", ")} ${last} ${items.length - listedMax} more`;
}

function nearest(metric: string, names: readonly string[]): { didYouMean?: string } {
  const found = nearestWord(metric, names);
  if (found === undefined) return {};
  // A word of a long name may be mistyped, but two that differ make another metric.
  const words = metric.split("_");
  const others = found.split("_");
  const different = words.filter((word) => !others.includes(word)).length;
  return different > 1 || words.length !== others.length ? {} : { didYouMean: found };
}

function hasComponent(component: string, names: readonly string[]): boolean {
  return names.some((name) => factsOf(name).some((one) => one.component === component));
}

function componentLines(component: string): readonly string[] {
  const found = componentSwitches[component];
  return found === undefined ? [] : [setLine(`${found.key}=true`)];
}

function setLine(assignment: string): string {
  return `--set ${assignment}`;
}

/** `{…}` replaces the list: the mend says to keep what is there. */
function handlerLine(handler: string, option?: string): string {
  const item = option === undefined ? handler : `${handler}:${option}`;
  return `--set hubble.metrics.enabled="{…,${item.replaceAll(",", "\\,")}}"`;
}

function quoteSection(fact: MetricFact): string {
  return `“${fact.section.replaceAll('"', "")}”`;
}
