/** JSON of /api/v1/rules and /api/v1/alerts, in Prometheus' spelling. Types only. */

/** An alert that is pending or firing. */
export interface AlertAnswer {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: "pending" | "firing";
  /** RFC 3339. */
  readonly activeAt?: string;
  readonly keepFiringSince?: string;
  /** As Prometheus prints a sample: "1e+00". */
  readonly value: string;
}

interface RuleAnswer {
  readonly name: string;
  readonly query: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly health: "ok" | "err" | "unknown";
  readonly lastError?: string;
  /** Seconds. */
  readonly evaluationTime: number;
  /** RFC 3339. */
  readonly lastEvaluation: string;
}

/** A recording rule. */
export interface RecordingRuleAnswer extends RuleAnswer {
  readonly type: "recording";
}

/** An alerting rule; durations in seconds. */
export interface AlertingRuleAnswer extends RuleAnswer {
  readonly type: "alerting";
  readonly state: "inactive" | "pending" | "firing";
  readonly duration: number;
  readonly keepFiringFor: number;
  readonly annotations: Readonly<Record<string, string>>;
  readonly alerts: readonly AlertAnswer[];
}

/** A rule group; times in seconds. */
export interface RuleGroupAnswer {
  readonly name: string;
  readonly file: string;
  readonly rules: readonly (RecordingRuleAnswer | AlertingRuleAnswer)[];
  readonly interval: number;
  readonly limit: number;
  readonly evaluationTime: number;
  readonly lastEvaluation: string;
}
