/** What linters say, and how they say it. */

/** One thing to look at. */
export interface LintFinding {
  /** "warning" = most likely not meant; "note" = worth knowing. */
  readonly severity: "warning" | "note";
  /** Stable name: "unreachable-rule". */
  readonly code: string;
  readonly file: string;
  readonly line: number;
  /** The policy: "CiliumNetworkPolicy default/p". */
  readonly policy: string;
  readonly message: string;
}

/** Adds a finding at a line of the policy at hand. */
export type Report = (
  severity: LintFinding["severity"],
  code: string,
  line: number,
  message: string,
) => void;
