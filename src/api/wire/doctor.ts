/** JSON of POST /api/ciliascope/v1/doctor: why queries of a panel have no result. Types only. */

/** What is asked: the queries as they were sent, and their window in ms. */
export interface DoctorRequest {
  readonly queries: readonly { readonly refId: string; readonly expr: string }[];
  readonly fromMs: number;
  readonly toMs: number;
}

/** What kind of reason was found. */
export type DoctorCause =
  | "metric"
  | "label"
  | "value"
  | "combination"
  | "window"
  | "samples"
  | "filter"
  | "pairing"
  | "target"
  | "zero"
  | "syntax"
  | "unclear";

/** One reason, in the order of facts: what, why, what to do. */
export interface DoctorFinding {
  readonly refId: string;
  readonly cause: DoctorCause;
  /** The fact in one sentence. */
  readonly what: string;
  /** Why it is so, as far as known; "" where the fact says all. */
  readonly why: string;
  /** What to do; "" where nothing is to be done. */
  readonly mend: string;
  /** Selector or matcher the finding is about, as PromQL. */
  readonly subject: string;
  /** Arguments of `helm upgrade`, one a line. */
  readonly helm?: readonly string[];
  /** A policy that makes the traffic visible, as YAML. */
  readonly policy?: string;
  /** What was probably meant instead of a name in `subject`. */
  readonly didYouMean?: string;
}

/** The answer; no findings where every query has a result. */
export interface DoctorAnswer {
  readonly findings: readonly DoctorFinding[];
}
