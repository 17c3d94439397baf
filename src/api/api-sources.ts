/**
 * What the routes read from and act upon. `server/` passes the real things in; conformance and tests
 * pass parts. Absent optional sources answer truthfully empty, or 404 where Prometheus would.
 */

import type { Hono } from "hono";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Labels } from "../model/labels.ts";
import type { Matcher } from "../model/matcher.ts";
import type { MetricMetadata } from "../model/sample.ts";
import type { QueryResult } from "../promql/engine/query-result.ts";
import type { ParserOptions } from "../promql/parser.ts";
import type { ReadHandler } from "../remote/read-handler.ts";
import type { WriteReceiver } from "../remote/write-receiver.ts";
import type { ExemplarQueryable, Queryable } from "../storage/storage.ts";
import type { DashboardStore } from "./dashboard-store.ts";
import type { AlertAnswer, RuleGroupAnswer } from "./wire/rules.ts";
import type { ServerStatus } from "./wire/server.ts";

/** What storage can be told to do. */
export interface StorageAdmin {
  deleteSeries(minMs: number, maxMs: number, matchers: readonly Matcher[]): Promise<number>;
  cleanTombstones(): Promise<number>;
  /** Copies blocks and head into the folder `name` below DIR/tsdb/snapshots. */
  snapshot(name: string, options: { readonly skipsHead: boolean }): Promise<void>;
}

/** Limits of one query. */
export interface QueryOptions {
  readonly lookbackDeltaMs?: number;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Tell what each node cost. */
  readonly wantsNodeStats?: boolean;
  /** Count samples for each step. */
  readonly wantsStepStats?: boolean;
  /** Who asked, for the query log. */
  readonly origin?: RequestOrigin;
}

/** Where a query came from. */
export interface RequestOrigin {
  readonly clientIp: string;
  readonly method: string;
  readonly path: string;
}

/** The engine as the routes see it. */
export interface QueryEngine {
  instantQuery(
    queryable: Queryable,
    query: string,
    timeMs: number,
    options?: QueryOptions,
  ): Promise<QueryResult>;
  rangeQuery(
    queryable: Queryable,
    query: string,
    range: { readonly startMs: number; readonly endMs: number; readonly stepMs: number },
    options?: QueryOptions,
  ): Promise<QueryResult>;
}

/** One target that is scraped. */
export interface ActiveTarget {
  readonly discoveredLabels: Labels;
  readonly labels: Labels;
  readonly scrapePool: string;
  readonly scrapeUrl: string;
  readonly globalUrl: string;
  readonly lastError: string;
  /** ms since the epoch; undefined before the first scrape. */
  readonly lastScrapeMs: number | undefined;
  readonly lastScrapeDurationSeconds: number;
  readonly health: "up" | "down" | "unknown";
  /** Durations as Prometheus prints them. */
  readonly scrapeInterval: string;
  readonly scrapeTimeout: string;
}

/** One target that relabelling dropped. */
export interface DroppedTarget {
  readonly discoveredLabels: Labels;
  readonly scrapePool: string;
}

/** A metric family as a target declared it. */
export interface TargetMetadata extends MetricMetadata {
  readonly metric: string;
}

/** What scraping tells of its targets. */
export interface TargetsView {
  scrapePools(): readonly string[];
  activeTargets(): readonly ActiveTarget[];
  droppedTargets(): readonly DroppedTarget[];
  /** Dropped targets counted for each pool, those not kept included. */
  droppedTargetCounts(): Readonly<Record<string, number>>;
  /** Families of an active target, in the order in which the target wrote them. */
  metadataOf(target: ActiveTarget): readonly TargetMetadata[];
}

/** Rules and alerts as the API shows them: in Prometheus' JSON, see wire/rules.ts. */
export interface RulesView {
  /** In the order of files and groups; the route filters and pages. */
  groups(): readonly RuleGroupAnswer[];
  alerts(): readonly AlertAnswer[];
  /** URLs. */
  alertmanagers(): { readonly active: readonly string[]; readonly dropped: readonly string[] };
}

/** A name and a count, as the tables of status/tsdb hold them. */
export interface NamedCount {
  readonly name: string;
  readonly value: number;
}

/** What storage tells of itself. */
export interface StorageView {
  stats(): {
    readonly seriesCount: number;
    readonly chunkCount: number;
    readonly labelPairCount: number;
    readonly minTimeMs: number | undefined;
    readonly maxTimeMs: number | undefined;
  };
  /** meta.json of each block, oldest first. */
  blockMetas(): readonly Readonly<Record<string, unknown>>[];
  /** The largest of each kind, at most `limit`. */
  cardinality(limit: number): {
    readonly seriesCountByMetricName: readonly NamedCount[];
    readonly labelValueCountByLabelName: readonly NamedCount[];
    readonly memoryInBytesByLabelName: readonly NamedCount[];
    readonly seriesCountByLabelValuePair: readonly NamedCount[];
  };
}

/** Everything the routes need. */
export interface ApiSources {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly engine: QueryEngine;
  readonly parserOptions?: ParserOptions;
  readonly queryable: Queryable;
  readonly exemplars?: ExemplarQueryable;
  readonly targets: TargetsView;
  /** Absent until rules are built: the routes then answer truthfully that there are none. */
  readonly rules?: RulesView;
  /** The switch promql-per-step-stats. */
  readonly hasStepStats?: boolean;
  /** Exposition of our own metrics for an Accept header. */
  readonly ownMetrics: (accept: string | undefined) => { body: string; contentType: string };
  /** External labels of the configuration, for federation. */
  readonly externalLabels: () => Labels;
  readonly configYaml: () => string;
  /** Flags in force, as strings, for status/flags. */
  readonly flags: Readonly<Record<string, string>>;
  readonly version: string;
  readonly startedMs: number;
  readonly isReady: () => boolean;
  readonly storage?: StorageView;
  /** Present only where --web.enable-admin-api was given. */
  readonly admin?: StorageAdmin;
  /** Remote read; absent in tests that need none. */
  readonly readHandler?: ReadHandler;
  /** Present only where --web.enable-remote-write-receiver was given. */
  readonly writeReceiver?: WriteReceiver;
  /** `atMs`: the last that succeeded; `failedAtMs`: one since then that did not. */
  readonly lastConfigReload: () => {
    readonly isSuccess: boolean;
    readonly atMs: number;
    readonly failedAtMs?: number;
  };
  /** Loads the configuration anew; throws ConfigError. Absent: the route says it is off. */
  readonly reload?: () => Promise<void>;
  readonly status: () => ServerStatus;
  readonly dashboards: DashboardStore;
  /** Routes of the features that this server has (flows, policies, studio…), relative to /api/ciliascope/v1. */
  readonly features?: readonly Hono[];
  /** Present only where import by URL was allowed. */
  readonly fetchUrl?: (url: string) => Promise<string>;
}
