/** What a server is started with: the command line's answer, passed down to each part of the wiring. */

import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { ClusterView } from "../cilium/cluster-view.ts";
import type { FeatureSwitches } from "../config/feature-switches.ts";
import type { ReadLimits } from "../remote/read-limits.ts";
import type { TsdbOptions } from "../tsdb/tsdb-options.ts";
import type { FlowSettings } from "./flow-keeping.ts";

/** What a server is started with. */
export interface ServerOptions {
  readonly mode: "demo" | "server";
  readonly version: string;
  /** Absolute. */
  readonly dataDir: string;
  /** HOST:PORT; port 0 takes a free one. */
  readonly listen: string;
  readonly configFile?: string;
  readonly webConfigFile?: string;
  readonly allowedHosts: readonly string[];
  readonly canImportByUrl: boolean;
  /** Folder of provisioned dashboards. */
  readonly dashboardsPath?: string;
  /** Deleting, cleaning and snapshots by HTTP. */
  readonly hasAdminApi: boolean;
  /** POST /api/v1/write takes samples. */
  readonly hasRemoteWriteReceiver?: boolean;
  readonly retentionMs: number;
  /** Absent: a share of the memory; 0: none. */
  readonly memoryBudgetBytes?: number;
  /** Blocks and log together; absent or 0: no limit. */
  readonly retentionBytes?: number;
  /** The same as a share of the disk in percent, which wins; absent or 0: no limit. */
  readonly retentionPercent?: number;
  readonly walCompression?: NonNullable<TsdbOptions["walCompression"]>;
  readonly lookbackDeltaMs: number;
  readonly queryTimeoutMs: number;
  readonly querySamplesMax: number;
  readonly queryConcurrencyMax: number;
  /** Absent: readLimitsDefault. */
  readonly readLimits?: ReadLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  /** For status/flags. */
  readonly flags: Readonly<Record<string, string>>;
  /** Origins that may ask across sites, a regular expression; absent: none. */
  readonly corsOrigin?: string;
  /** `--enable-feature`; absent: none. */
  readonly features?: FeatureSwitches;
  /** Where flows come from, as src/flow/source/source-url.ts writes them. */
  readonly flowSources?: readonly string[];
  /** File of further sources, read again by reload(). */
  readonly flowConfigFile?: string;
  /** What is done with flows; absent: flowSettingsDefault. */
  readonly flowSettings?: FlowSettings;
  /** HOST:PORT of our Observer, "" = none; absent: the default, given up where its port is taken. */
  readonly observerListen?: string;
  /** The laboratory's, in the demo. */
  readonly ciliumVersion?: string;
  /** The cluster that is watched; absent: none. */
  readonly clusterView?: ClusterView;
}
