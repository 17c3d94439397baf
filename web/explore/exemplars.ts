/**
 * Exemplars on Explore's graph: reading the answer of query_exemplars, choosing which are drawn where
 * there are very many, and the link to a trace. Pure.
 */

/** One exemplar. */
export interface Exemplar {
  readonly refId: string;
  readonly seriesLabels: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly timeMs: number;
  readonly value: number;
}

/** `data` of /api/v1/query_exemplars. */
export type ExemplarData = readonly {
  readonly seriesLabels: Readonly<Record<string, string>>;
  readonly exemplars: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly value: string;
    /** Seconds. */
    readonly timestamp: number;
  }[];
}[];

/** More marks than this hide the lines. */
const drawnMax = 200;
/** Labels under which programs put the id of a trace. */
const traceLabels: readonly string[] = ["trace_id", "traceID", "traceId", "TraceID", "traceid"];

/** All exemplars of an answer, by time. */
export function readExemplars(data: ExemplarData, refId: string): readonly Exemplar[] {
  const found = data.flatMap(({ seriesLabels, exemplars }) =>
    exemplars.map(({ labels, value, timestamp }) => ({
      refId,
      seriesLabels,
      labels,
      timeMs: timestamp * 1000,
      value: Number(value),
    })),
  );
  return found.sort((a, b) => a.timeMs - b.timeMs);
}

/** At most 200: of each short stretch of time the one with the largest value. */
export function thinExemplars(all: readonly Exemplar[]): readonly Exemplar[] {
  const finite = all.filter(({ value, timeMs }) => Number.isFinite(value + timeMs));
  if (finite.length <= drawnMax) return finite;
  const fromMs = finite[0]?.timeMs ?? 0;
  const spanMs = Math.max(1, (finite.at(-1)?.timeMs ?? 0) - fromMs);
  const largest = new Map<number, Exemplar>();
  for (const one of finite) {
    const stretch = Math.min(drawnMax - 1, Math.floor(((one.timeMs - fromMs) / spanMs) * drawnMax));
    const known = largest.get(stretch);
    if (known === undefined || one.value > known.value) largest.set(stretch, one);
  }
  return [...largest.values()].sort((a, b) => a.timeMs - b.timeMs);
}

/** The id of the trace that an exemplar belongs to. */
export function traceIdOf({ labels }: Exemplar): string | undefined {
  const name = traceLabels.find((label) => labels[label] !== undefined);
  return name === undefined ? undefined : labels[name];
}

/**
 * `template` with `{trace_id}` and any other `{label}` of the exemplar filled in; undefined where a
 * label is missing or where the result is no http(s) address.
 */
export function traceLink(template: string, exemplar: Exemplar): string | undefined {
  if (!/^https?:\/\//i.test(template)) return undefined;
  let isWhole = true;
  const link = template.replace(/\{([^{}]+)\}/g, (_, name: string) => {
    const isTrace = traceLabels.includes(name);
    const value = exemplar.labels[name] ?? (isTrace ? traceIdOf(exemplar) : undefined);
    if (value === undefined) isWhole = false;
    return encodeURIComponent(value ?? "");
  });
  return isWhole && URL.canParse(link) ? link : undefined;
}

/** What is wrong with a template; undefined: nothing. */
export function templateProblem(template: string): string | undefined {
  if (template === "") return undefined;
  if (!/^https?:\/\//i.test(template)) return "The address must begin with http:// or https://.";
  return /\{[^{}]+\}/.test(template) ? undefined : "Put {trace_id} where the id belongs.";
}
