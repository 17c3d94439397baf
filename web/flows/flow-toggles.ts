/**
 * What is asked of the server: the filter line, the toggles that are on, and values taken out or held
 * fast with a key. Each toggle is lines of the same grammar, so that it can be read and copied.
 */

/** One toggle. */
export interface FlowToggle {
  readonly id: string;
  readonly label: string;
  /** `hide`: what any line matches goes; `only`: every line must match. */
  readonly kind: "hide" | "only";
  readonly lines: readonly string[];
  readonly help: string;
}

/** In the order in which they are shown. */
export const flowToggles: readonly FlowToggle[] = [
  {
    id: "probes",
    label: "Hide probes",
    kind: "hide",
    lines: ["--identity host", "--identity health"],
    help: "Leaves out flows from and to the host (kubelet's probes are such) and Cilium's health checks",
  },
  {
    id: "kube-system",
    label: "Hide kube-system",
    kind: "hide",
    lines: ["--namespace kube-system"],
    help: "Leaves out flows from and to the namespace kube-system, DNS among them",
  },
  {
    id: "ingress",
    label: "Hide ingress",
    kind: "hide",
    lines: ["--identity ingress", "--from-identity world"],
    help: "Leaves out what comes from outside, and what goes through Cilium's ingress",
  },
  {
    id: "dropped",
    label: "Only dropped",
    kind: "only",
    lines: ["--verdict DROPPED"],
    help: "Shows dropped flows alone",
  },
  {
    id: "l7",
    label: "Only L7",
    kind: "only",
    lines: ["--type l7"],
    help: "Shows requests that a proxy read: HTTP, DNS, Kafka",
  },
];

/** The filter of the page, as its address has it. */
export interface FlowFilterState {
  readonly q: string;
  /** Ids of the toggles that are on. */
  readonly toggles: readonly string[];
  /** Lines whose flows are left out. */
  readonly not: readonly string[];
  /** Lines that flows must match as well. */
  readonly only: readonly string[];
}

/** Parameters for the server. */
export interface FlowFilterParams {
  readonly q: string;
  readonly hide: string;
  readonly and: string;
}

/** The filter as parameters of every flow route. */
export function filterParams({ q, toggles, not, only }: FlowFilterState): FlowFilterParams {
  const on = flowToggles.filter(({ id }) => toggles.includes(id));
  const linesOf = (kind: FlowToggle["kind"]) =>
    on.filter((toggle) => toggle.kind === kind).flatMap(({ lines }) => lines);
  return {
    q: q.trim(),
    hide: [...linesOf("hide"), ...not].join("\n"),
    and: [...linesOf("only"), ...only].join("\n"),
  };
}

/** A query string of `filter` and whatever else; empty ones stay out. */
export function flowQuery(
  filter: FlowFilterParams,
  more: Readonly<Record<string, string | number | undefined>> = {},
): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...filter, ...more })) {
    if (value !== undefined && value !== "") params.set(name, String(value));
  }
  return params.toString();
}
