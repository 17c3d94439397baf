/**
 * What is wrong with a policy, and who would say so: the YAML reader, the API server's schema of the
 * CRD, its check for unknown fields, or Cilium's agent. `reason` has Cilium's own words wherever
 * Cilium has some, so that a search for them finds its documentation; the mend is ours.
 */

import { ConfigError } from "../../base/errors.ts";

/** Who refuses. A policy can be refused by several. */
export type FaultStage = "yaml" | "schema" | "unknown-field" | "agent";

/** Stages as people know them. */
export const stageNames: Readonly<Record<FaultStage, string>> = {
  yaml: "YAML",
  schema: "API server",
  "unknown-field": "API server",
  agent: "Cilium agent",
};

/** One fault. */
export interface PolicyFault {
  readonly stage: FaultStage;
  readonly file: string;
  /** "spec.ingress[0].toPorts[0]"; "" = the document. */
  readonly path: string;
  /** 1-based. */
  readonly line: number;
  readonly reason: string;
  /** What to write instead; "" where nothing is known. */
  readonly mend: string;
}

/** Thrown for the first fault of a text. */
export class PolicyError extends ConfigError {
  readonly fault: PolicyFault;
  constructor(fault: PolicyFault) {
    super(faultMessage(fault), { file: fault.file, path: fault.path, line: fault.line });
    this.fault = fault;
  }
}

/** Reason and mend in one line, to stand behind the path: the schema's words name it once more. */
export function faultMessage({ path, reason, mend }: PolicyFault): string {
  const words =
    path !== "" && reason.startsWith(`${path}: `) ? reason.slice(path.length + 2) : reason;
  return mend === "" ? words : `${words}; ${mend}`;
}
