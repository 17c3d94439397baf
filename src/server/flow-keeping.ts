/**
 * What happens to flows once they come: an allow and a deny list, then the store on disk, readers of
 * live flows, and the flow metrics. Losses that sources tell are counted beside.
 */

import { join } from "node:path";
import type { Hono } from "hono";
import { flowRoutes } from "../api/flow-routes.ts";
import type { FlowSubscription } from "../api/flow-stream.ts";
import { mapRoutes } from "../api/map-routes.ts";
import type { Clock } from "../base/clock.ts";
import { AppError, errorMessage } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { ClusterView } from "../cilium/cluster-view.ts";
import {
  compileFlowFilters,
  type FlowFilter,
  type FlowTest,
  parseFlowFilter,
} from "../flow/filter/flow-filter.ts";
import { MapRollups } from "../flow/map/map-rollups.ts";
import { mapTable } from "../flow/map/map-table.ts";
import type { Flow } from "../flow/model/flow.ts";
import type { CallObserver } from "../flow/observer/observer-server.ts";
import type { FlowFeed } from "../flow/source/flow-feed.ts";
import { CompletenessLog } from "../flow/store/completeness-log.ts";
import { FlowStore } from "../flow/store/flow-store.ts";
import { StoredUuids } from "../flow/store/stored-uuids.ts";
import type { Registry } from "../metrics/registry.ts";
import type { FlowMetricsOptions } from "./chosen-flow-metrics.ts";
import type { BackfillStorage } from "./flow-backfill.ts";
import { type FlowMetricsService, startFlowMetricsService } from "./flow-metrics-service.ts";
import { registerSourceMetrics } from "./flow-source-metrics.ts";
import { watchPods } from "./pod-watch.ts";
import { studioFeature } from "./studio-feature.ts";

/** Settings of flows, as flags give them. */
export interface FlowSettings {
  readonly retentionMs: number;
  readonly retentionBytes: number;
  /** FlowFilters in JSON: only flows that one of them matches are kept; none = all. */
  readonly allowList: readonly string[];
  /** FlowFilters in JSON: flows that one of them matches are left out. */
  readonly denyList: readonly string[];
  readonly metrics: FlowMetricsOptions;
}

/** How often what came is added up for the service map. */
const catchUpIntervalMs = 60_000;

/** What flags give unless told: 7 days or 2 GiB, and the metrics that Cilium's documentation begins with. */
export const flowSettingsDefault: FlowSettings = {
  retentionMs: 7 * 86_400_000,
  retentionBytes: 2 * 2 ** 30,
  allowList: [],
  denyList: [],
  metrics: { listen: undefined, metrics: undefined, dynamicFile: undefined },
};

/** What is needed. */
export interface FlowKeepingOptions {
  readonly dataDir: string;
  readonly settings: FlowSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Our own metrics. */
  readonly registry: Registry;
  readonly appendable: BackfillStorage;
  /** The window of late samples that the configuration says. */
  readonly outOfOrderWindowMs: () => number;
  /** The cluster whose pods are watched: series of those that go are dropped. */
  readonly clusterView?: ClusterView | undefined;
}

/** Flows being kept. */
export interface FlowKeeping {
  readonly store: FlowStore;
  readonly completeness: CompletenessLog;
  readonly routes: readonly Hono[];
  /** Counts the calls of our Observer among the flow metrics. */
  readonly calls: CallObserver;
  /** Takes what comes from a feed. */
  attach(feed: FlowFeed): void;
  warnings(): string[];
  close(): Promise<void>;
}

/** Opens the store and the metrics page. Throws ConfigError, AppError. */
export async function openFlowKeeping(options: FlowKeepingOptions): Promise<FlowKeeping> {
  const { settings, clock, logger, registry } = options;
  const { retentionMs, retentionBytes } = settings;
  const passes = keptFlows(settings);
  const dir = join(options.dataDir, "flows");
  const signOfLife: { beat(): void } = { beat: () => undefined };
  const store = await FlowStore.open({
    dir,
    clock,
    logger,
    retentionMs,
    retentionBytes,
    tables: [mapTable],
    flushed: () => signOfLife.beat(),
  });
  const known = new StoredUuids(store);
  const feeds: FlowFeed[] = [];
  const nodes = () => feeds.flatMap((feed) => feed.status().flatMap((source) => source.nodes));
  const completeness = new CompletenessLog({ dir, clock, logger, retentionMs, nodes });
  signOfLife.beat = () => completeness.beat();
  let metrics: FlowMetricsService;
  try {
    metrics = await startFlowMetricsService({
      ...options,
      settings: settings.metrics,
      nodes,
      memoryFile: join(options.dataDir, "flow-metrics.json"),
    });
  } catch (thrown) {
    completeness.close();
    await store.close();
    throw thrown;
  }
  const map = openMap(store, clock, logger);
  const live = new LiveReaders();
  const { clusterView } = options;
  const stopWatch =
    clusterView === undefined
      ? () => undefined
      : watchPods(clusterView, clock, (pod) => metrics.endpointGone(pod.namespace, pod.podName));
  const studio = studioFeature({ ...options, store, metrics, storage: options.appendable });
  registerStoreMetrics(registry, store);
  const left = registry.counter({
    name: "ciliascope_flows_filtered_total",
    help: "Flows that --flows.allow and --flows.deny left out.",
  });
  const retention = { retentionMs, retentionBytes };
  return {
    store,
    completeness,
    routes: [
      flowRoutes({ store, completeness, live: live.subscribe, clock, retention }),
      mapRoutes({ store, rollups: map.rollups, completeness, clock }),
      studio.routes,
    ],
    attach(feed) {
      feeds.push(feed);
      registerSourceMetrics(registry, feed);
      feed.subscribe(({ flows }) => {
        const passing = passes === undefined ? flows : flows.filter(passes);
        if (passing.length < flows.length) left.inc(flows.length - passing.length);
        const kept = known.fresh(passing);
        store.append(kept);
        live.publish(kept);
        metrics.process(kept);
      });
    },
    warnings: () => [...storeWarnings(store), ...metrics.warnings()],
    calls: metrics.calls,
    async close() {
      stopWatch();
      await map.close();
      await studio.close();
      await metrics.close();
      completeness.close();
      await store.close();
    },
  };
}

/** The sums of the service map; what came is added up a little each minute. */
function openMap(
  store: FlowStore,
  clock: Clock,
  logger: Logger,
): { readonly rollups: MapRollups; close(): Promise<void> } {
  const rollups = new MapRollups(store, logger);
  let work: Promise<void> = Promise.resolve();
  let cancel = clock.after(catchUpIntervalMs, tick);
  function tick(): void {
    work = rollups
      .catchUp()
      .catch((thrown: unknown) => {
        logger.error({ error: errorMessage(thrown) }, "cannot add up flows for the service map");
      })
      .finally(() => {
        if (!isOver) cancel = clock.after(catchUpIntervalMs, tick);
      });
  }
  let isOver = false;
  return {
    rollups,
    async close() {
      isOver = true;
      cancel();
      await work;
    },
  };
}

/** Readers of live flows. */
class LiveReaders {
  readonly #takers = new Set<(flows: readonly Flow[]) => void>();

  readonly subscribe: FlowSubscription = (take) => {
    this.#takers.add(take);
    return () => this.#takers.delete(take);
  };

  publish(flows: readonly Flow[]): void {
    for (const take of this.#takers) take(flows);
  }
}

/** Says which flows are kept; undefined = all. Throws AppError. */
function keptFlows({ allowList, denyList }: FlowSettings): FlowTest | undefined {
  const allow = readFilters(allowList, "--flows.allow");
  const deny = readFilters(denyList, "--flows.deny");
  return allow.length + deny.length === 0 ? undefined : compileFlowFilters(allow, deny);
}

function readFilters(texts: readonly string[], flag: string): FlowFilter[] {
  return texts.map((text) => {
    try {
      return parseFlowFilter(text);
    } catch (thrown) {
      const why = errorMessage(thrown);
      throw new AppError("usage", `${flag}: ${JSON.stringify(text)} is no FlowFilter: ${why}`);
    }
  });
}

function registerStoreMetrics(registry: Registry, store: FlowStore): void {
  const gauges = {
    flows: registry.gauge({ name: "ciliascope_flow_store_flows", help: "Flows kept." }),
    bytes: registry.gauge({
      name: "ciliascope_flow_store_bytes",
      help: "Bytes of kept flows on disk.",
    }),
    lost: registry.counter({
      name: "ciliascope_flow_store_lost_total",
      help: "Flows that could not be kept: the disk refused them or was too slow.",
    }),
    corrupt: registry.gauge({
      name: "ciliascope_flow_store_corrupt_blocks",
      help: "Blocks of flows that cannot be read and are left out.",
    }),
  };
  registry.onCollect(() => {
    const stats = store.stats();
    gauges.flows.labels().set(stats.flows);
    gauges.bytes.labels().set(stats.bytes);
    gauges.lost.labels().setTotal(stats.lost);
    gauges.corrupt.labels().set(stats.corruptBlocks);
  });
}

function storeWarnings(store: FlowStore): string[] {
  const { lost, corruptBlocks } = store.stats();
  const warnings: string[] = [];
  if (lost > 0) warnings.push(`${lost} flows could not be written to disk; the log says why.`);
  if (corruptBlocks > 0) {
    warnings.push(
      `${corruptBlocks} blocks of flows cannot be read and are left out; the log names them.`,
    );
  }
  return warnings;
}
