/** Types of our own JSON answers (`/api/ciliascope/v1/`). Types only: the browser imports them. */

/** GET /api/ciliascope/v1/status */
export interface ServerStatus {
  readonly version: string;
  readonly mode: "demo" | "server";
  /** The laboratory's Cilium version; in the demo only. */
  readonly ciliumVersion?: string;
  /** True where the server scrapes nothing but itself: the page then says how to add targets. */
  readonly isSelfScrapeOnly: boolean;
  /** False where endpoints, identities and policies in force are unknown, since nobody tells of them. */
  readonly isClusterWatched: boolean;
  readonly configFile?: string;
  readonly startedMs: number;
  readonly uptimeSeconds: number;
  readonly seriesCount: number;
  readonly canImportByUrl: boolean;
  /** Sentences a user should read: what the configuration asks and is not done, ports of the laboratory… */
  readonly warnings: readonly string[];
}

/** An entry of GET /api/ciliascope/v1/dashboards */
export interface DashboardSummary {
  readonly uid: string;
  readonly title: string;
  readonly tags: readonly string[];
  /** Imported and saved ones can be changed; shipped and provisioned ones are read only. */
  readonly source: "shipped" | "imported" | "provisioned";
  readonly panelCount: number;
  /** Number of the newest version; 0: never saved here. */
  readonly version: number;
}

/** An entry of GET /api/ciliascope/v1/dashboards/:uid/versions, newest first */
export interface DashboardVersion {
  readonly version: number;
  readonly savedMs: number;
  readonly message: string;
}

/** PUT /api/ciliascope/v1/dashboards/:uid */
export interface DashboardSave {
  /** Grafana's JSON. */
  readonly dashboard: unknown;
  readonly message: string;
  /** The version that was edited; another newest one is a conflict. Absent: whatever is there is replaced. */
  readonly baseVersion?: number;
}

/** Answer of a save. */
export interface DashboardSaved {
  readonly uid: string;
  readonly version: number;
}

/** GET /api/ciliascope/v1/dashboards/:uid */
export interface DashboardAnswer {
  /** Grafana's JSON as it was imported. */
  readonly dashboard: unknown;
  readonly summary: DashboardSummary;
}

/** POST /api/ciliascope/v1/dashboards */
export interface DashboardImported {
  readonly uid: string;
  /** What was understood only in part, a sentence each. */
  readonly problems: readonly string[];
}

/** Body of every answer of our own with a status of 400 or more. */
export interface ErrorAnswer {
  readonly error: string;
}
