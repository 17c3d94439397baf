/** What passes between parent and child, and between `lab` commands and the control server. */

import type { LogFields } from "../../base/logger.ts";
import type { LabRelay } from "../hubble-api/hubble-servers.ts";
import type { LabPolicy } from "../lab-state.ts";
import type { ExecRequest, LabEndpointUrl } from "../laboratory.ts";

/** Parent → child: run this. */
export interface StartMessage {
  readonly kind: "start";
  /** A name of the package's scenes, or a file. */
  readonly sceneName: string;
  /** `hubble.metrics.enabled`, one handler an item. */
  readonly hubbleMetrics?: readonly string[];
  readonly ciliumVersion: string;
  readonly addressBase: string;
  readonly labDir: string;
  readonly seed: number;
  readonly token: string;
}

/** Child → parent. */
export type ChildMessage =
  | {
      readonly kind: "ready";
      readonly controlPort: number;
      readonly endpointUrls: readonly LabEndpointUrl[];
      readonly relays: readonly LabRelay[];
      readonly notes: readonly string[];
    }
  /** It gets on with its start. */
  | { readonly kind: "starting"; readonly endpointCount: number }
  | { readonly kind: "failed"; readonly code: string; readonly message: string }
  | {
      readonly kind: "log";
      readonly level: "debug" | "info" | "warn" | "error";
      readonly fields: LogFields;
      readonly message: string;
    };

/** One line of an exec's answer. */
export type ExecLine =
  | { readonly out: string }
  | { readonly err: string }
  | { readonly exit: number };

/** A policy as `lab get policies` shows it. */
export interface LabPolicyRow extends LabPolicy {
  readonly state: "in force" | "not imported";
  /** "bad.yaml: line 9: spec.ingress[0]: …"; "" for what is in force. */
  readonly error: string;
}

/** Whether outside data is an exec request. */
export function isExecRequest(value: unknown): value is ExecRequest {
  if (typeof value !== "object" || value === null) return false;
  const { namespace, pod, command, cluster } = value as Record<string, unknown>;
  return (
    typeof namespace === "string" &&
    typeof pod === "string" &&
    (cluster === undefined || typeof cluster === "string") &&
    /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(namespace) &&
    /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(pod) &&
    Array.isArray(command) &&
    command.every((part) => typeof part === "string")
  );
}
