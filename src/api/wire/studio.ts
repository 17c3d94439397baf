/** JSON of /api/ciliascope/v1/studio: what a metrics configuration costs, faults in it, Helm values, back-fill. */

/** GET /studio */
export interface StudioAnswer {
  readonly handlers: readonly StudioHandler[];
  /** What sourceContext and the like can be. */
  readonly contexts: readonly string[];
  /** What labelsContext can name. */
  readonly labels: readonly string[];
  readonly contextOptions: readonly string[];
  readonly now: StudioChoice;
  /** Kept flows, ms since the epoch; null without any. */
  readonly flows: {
    readonly count: number;
    readonly oldestMs: number | null;
    readonly newestMs: number | null;
  };
  /** How often series of flows are stored, ms. */
  readonly intervalMs: number;
  /** How a price is written; invented, no default. */
  readonly priceExample: string;
}

/** What this server counts now. */
export interface StudioChoice {
  /** One metric an entry; null where a file says it. */
  readonly metrics: readonly string[] | null;
  readonly source: "default" | "flag" | "file" | "studio";
  readonly isStored: boolean;
}

/** One handler. */
export interface StudioHandler {
  readonly name: string;
  readonly summary: string;
  readonly options: Readonly<Record<string, string>>;
  readonly conflictsWith: readonly string[];
}

/** POST /studio/check: what the agent would make of it. */
export interface StudioCheckAnswer {
  /** Whether the agent would start with it. */
  readonly isAccepted: boolean;
  readonly findings: readonly StudioFinding[];
}

/** One finding; offsets are UTF-16 units in the entry, or in the file. */
export interface StudioFinding {
  readonly item: number;
  readonly start: number;
  readonly end: number;
  readonly effect: "refused" | "panics" | "skipped" | "misread" | "ignored" | "costly";
  readonly message: string;
  readonly mend: string;
  /** Replaces start..end to mend it. */
  readonly replacement?: string;
}

/** Body of POST /studio/preview, /studio/check and /studio/helm. */
export interface StudioRequest {
  /** As `hubble.metrics.enabled`; or `config`. */
  readonly metrics?: readonly string[];
  /** YAML of MetricConfigs. */
  readonly config?: string;
  /** Times as the flow routes take them: now-6h, RFC 3339, Unix seconds. */
  readonly since?: string;
  readonly until?: string;
  /** A duration, 15s. */
  readonly interval?: string;
  readonly price?: string;
  /** Compare with these; absent: with what is counted now; null: with nothing. */
  readonly against?: readonly string[] | null;
  /** Count other ways of writing this handler's metric. */
  readonly handler?: string;
  readonly which?: "all" | "cheaper";
  /** Of Helm: into hubble.metrics.dynamic. */
  readonly dynamic?: boolean;
}

/** Another way to write a metric, counted on the same flows. */
export interface StudioVariant {
  readonly kind: "source" | "destination" | "label" | "option" | "replace";
  readonly value: string;
  readonly isOn: boolean;
  readonly metric: string;
  readonly what: string;
  readonly series: number;
  readonly isOver: boolean;
}

/** POST /studio/preview */
export interface StudioPreviewAnswer {
  readonly series: number;
  readonly isOver: boolean;
  readonly byMetric: readonly {
    readonly metric: string;
    readonly type: string;
    readonly series: number;
    readonly labels: readonly string[];
  }[];
  readonly byHandler: Readonly<Record<string, number>>;
  readonly agents: { readonly nodes: number; readonly series: number };
  readonly flows: number;
  readonly firstMs: number | null;
  readonly lastMs: number | null;
  readonly growth: {
    readonly widthMs: number;
    readonly buckets: readonly { readonly startMs: number; readonly newSeries: number }[];
    readonly guess: {
      readonly newPerHour: number;
      readonly inOneDay: number;
      readonly inThirtyDays: number;
      readonly basis: string;
    } | null;
  };
  readonly cost: {
    readonly intervalMs: number;
    readonly samplesPerSecond: number;
    readonly samplesPerMonth: number;
    readonly bytesPerSample: number | null;
    readonly sampleBytesPerMonth: number | null;
    readonly indexBytesPerMonth: number;
    readonly bytesPerMonth: number | null;
    readonly money: { readonly perMonth: number; readonly currency: string } | null;
  };
  readonly labels: readonly {
    readonly label: string;
    readonly values: number;
    readonly series: number;
    readonly top: readonly {
      readonly value: string;
      readonly series: number;
      readonly share: number;
    }[];
  }[];
  readonly variants: readonly StudioVariant[];
  readonly suggestion: StudioVariant | null;
  readonly against: {
    readonly series: number;
    readonly change: number;
    readonly added: readonly string[];
    readonly removed: readonly string[];
    readonly byHandler: Readonly<Record<string, number>>;
  } | null;
  readonly notes: readonly string[];
  readonly tookMs: number;
}

/** POST /studio/helm */
export interface StudioHelmAnswer {
  readonly yaml: string;
  readonly set: string | null;
  readonly notes: readonly string[];
}

/** POST /studio/apply */
export type StudioApplyAnswer = StudioChoice;

/** GET, POST and DELETE /studio/backfill */
export interface StudioBackfillAnswer {
  readonly state: "none" | "running" | "done" | "cancelled" | "failed";
  readonly metrics: readonly string[];
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly atMs: number;
  readonly flows: number;
  readonly series: number;
  readonly samples: number;
  readonly refused: number;
  readonly message: string;
}
