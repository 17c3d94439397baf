/**
 * All targets of one scrape config. `sync` turns what discovery found into targets and starts and
 * ends loops; `reload` puts a changed config in force: loops are replaced, and those whose series
 * stay the same hand their state over, so that no series has a gap or a stale marker.
 */

import type { TargetGroup } from "../discovery/target-group.ts";
import type { HttpClientConfig } from "../httpclient/http-client-config.ts";
import type { Labels } from "../model/labels.ts";
import { SymbolTable } from "../textparse/byte-text.ts";
import type { ScrapeConfig } from "./scrape-config.ts";
import { type LoopContext, type ScrapeClient, ScrapeLoop } from "./scrape-loop.ts";
import type { PoolMetrics } from "./scrape-metrics.ts";
import { type ExternalAddress, type Target, targetsOfGroup } from "./target.ts";

/** What all pools share. */
export type PoolContext = Omit<LoopContext, "client" | "symbols"> & {
  readonly external: ExternalAddress;
  readonly createClient: (config: HttpClientConfig) => ScrapeClient;
};

/** A target that relabelling dropped. */
export interface DroppedTarget {
  readonly discoveredLabels: Labels;
  readonly scrapePool: string;
}

/** Loops of one scrape config. */
export class ScrapePool {
  #config: ScrapeConfig;
  readonly #context: PoolContext;
  readonly #metrics: PoolMetrics;
  readonly #symbols = new SymbolTable();
  #loopContext: LoopContext;
  /** By target identity. */
  #loops = new Map<string, ScrapeLoop>();
  /** Loops whose series have not ended yet. */
  readonly #retired = new Set<ScrapeLoop>();
  /** Replaced loops whose last scrape is still under way. */
  readonly #handedOver = new Set<ScrapeLoop>();
  #onAllRetired: (() => void) | undefined;
  #groups: readonly TargetGroup[] = [];
  #dropped: DroppedTarget[] = [];
  #droppedCount = 0;
  #lastFailures = "";
  #isStopped = false;

  constructor(config: ScrapeConfig, context: PoolContext) {
    this.#config = config;
    this.#context = context;
    this.#metrics = context.metrics.pool(config.jobName);
    this.#loopContext = this.#newLoopContext();
  }

  get config(): ScrapeConfig {
    return this.#config;
  }

  /** In the order in which discovery names them. */
  get activeTargets(): readonly Target[] {
    return [...this.#loops.values()].map((loop) => loop.target);
  }

  /** At most keep_dropped_targets of them, where that is set. */
  get droppedTargets(): readonly DroppedTarget[] {
    return this.#dropped;
  }

  get droppedCount(): number {
    return this.#droppedCount;
  }

  /** Makes the targets those of `groups`: starts loops for new ones, retires those of lost ones. */
  sync(groups: readonly TargetGroup[]): void {
    if (this.#isStopped) return;
    const { clock } = this.#context;
    const startMs = clock.monotonicMs();
    this.#groups = groups;
    const targets = this.#targetsOf(groups);
    const loops = new Map<string, ScrapeLoop>();
    const started: ScrapeLoop[] = [];
    for (const [identity, target] of targets) {
      const known = this.#loops.get(identity);
      // What discovery says may change without changing what is scraped.
      if (known !== undefined) known.target.discoveredLabels = target.discoveredLabels;
      const loop = known ?? new ScrapeLoop(target, this.#config, this.#loopContext);
      if (known === undefined) started.push(loop);
      loops.set(identity, loop);
    }
    const before = this.#loops;
    this.#loops = loops;
    for (const [identity, loop] of before) if (!loops.has(identity)) this.#retire(loop);
    this.#applyTargetLimit();
    for (const loop of started) loop.start();
    this.#metrics.syncs.inc();
    this.#metrics.targets.set(loops.size);
    this.#metrics.targetLimit.set(this.#config.limits.targets);
    this.#metrics.syncLength.observe((clock.monotonicMs() - startMs) / 1000);
  }

  /** Puts a changed config in force, over what discovery has found so far. */
  reload(config: ScrapeConfig): void {
    const carriesSeries = config.seriesKey === this.#config.seriesKey;
    const oldClient = this.#loopContext.client;
    const oldLoops = [...this.#loops.values()];
    this.#config = config;
    this.#loopContext = this.#newLoopContext();
    this.#context.metrics.poolReloads.inc();

    const byIdentity = new Map(oldLoops.map((loop) => [loop.target.identity, loop]));
    const bySeries = new Map(oldLoops.map((loop) => [loop.target.seriesIdentity, loop]));
    const loops = new Map<string, ScrapeLoop>();
    const replaced = new Set<ScrapeLoop>();
    const handOvers: (() => void)[] = [];
    for (const [identity, target] of this.#targetsOf(this.#groups)) {
      const old = byIdentity.get(identity) ?? bySeries.get(target.seriesIdentity);
      if (old === undefined || replaced.has(old) || !carriesSeries) {
        if (old !== undefined) target.takeOver(old.target);
        const loop = new ScrapeLoop(target, config, this.#loopContext);
        loops.set(identity, loop);
        handOvers.push(() => loop.start());
        continue;
      }
      replaced.add(old);
      target.takeOver(old.target);
      const loop = new ScrapeLoop(target, config, this.#loopContext, old.state);
      loops.set(identity, loop);
      // One state, one writer: the new loop begins when a scrape of the old one is done.
      handOvers.push(() => this.#handOver(old, loop));
    }
    this.#loops = loops;
    for (const loop of oldLoops) if (!replaced.has(loop)) this.#retire(loop);
    this.#applyTargetLimit();
    for (const handOver of handOvers) handOver();
    oldClient.close();
    this.#metrics.targets.set(loops.size);
    this.#metrics.targetLimit.set(config.limits.targets);
  }

  /** Brings gauges up to date, for /metrics. */
  refreshMetrics(): void {
    let entries = 0;
    for (const loop of this.#loops.values()) entries += loop.target.metadata.size;
    this.#metrics.metadataEntries.set(entries);
  }

  /** Ends the pool as if all its targets were gone; calls `onRetired` when their series have ended. */
  retire(onRetired: () => void): void {
    this.sync([]);
    this.#isStopped = true;
    const finish = (): void => {
      this.#loopContext.client.close();
      onRetired();
    };
    if (this.#retired.size === 0) finish();
    else this.#onAllRetired = finish;
  }

  /** Ends everything now. */
  async stop(markStale: boolean): Promise<void> {
    this.#isStopped = true;
    const loops = [...this.#handedOver, ...this.#loops.values(), ...this.#retired];
    await Promise.all(loops.map((loop) => loop.stop(markStale)));
    this.#retired.clear();
    this.#loopContext.client.close();
  }

  #handOver(old: ScrapeLoop, loop: ScrapeLoop): void {
    this.#handedOver.add(old);
    void old.handOver().then(() => {
      this.#handedOver.delete(old);
      loop.start();
    });
  }

  #retire(loop: ScrapeLoop): void {
    this.#retired.add(loop);
    loop.retire(() => {
      this.#retired.delete(loop);
      if (this.#retired.size === 0) this.#onAllRetired?.();
    });
  }

  #newLoopContext(): LoopContext {
    const { external: _external, createClient, ...context } = this.#context;
    const client = createClient(this.#config.http);
    return { ...context, client, symbols: this.#symbols };
  }

  /** Targets by identity; two that are scraped alike count once. */
  #targetsOf(groups: readonly TargetGroup[]): Map<string, Target> {
    const { logger, external } = this.#context;
    const { jobName, limits } = this.#config;
    const targets = new Map<string, Target>();
    const failures: string[] = [];
    this.#dropped = [];
    this.#droppedCount = 0;
    for (const group of groups) {
      for (const [index, outcome] of targetsOfGroup(this.#config, group, external).entries()) {
        if (outcome.kind === "target") {
          targets.set(outcome.target.identity, outcome.target);
        } else if (outcome.kind === "failed") {
          failures.push(`instance ${index} in group ${group.source}: ${outcome.reason}`);
        } else {
          const { discoveredLabels } = outcome;
          const kept = limits.keptDroppedTargets;
          if (kept === 0 || this.#dropped.length < kept) {
            this.#dropped.push({ discoveredLabels, scrapePool: jobName });
          }
          this.#droppedCount++;
        }
      }
    }
    this.#metrics.syncFailed.inc(failures.length);
    const text = failures.join("; ");
    if (text !== "" && text !== this.#lastFailures) {
      logger.error({ job: jobName, failures }, "cannot make targets of what discovery found");
    }
    this.#lastFailures = text;
    return targets;
  }

  /** Above the limit no target is scraped: which ones to leave out nobody could tell. */
  #applyTargetLimit(): void {
    const limit = this.#config.limits.targets;
    const count = this.#loops.size;
    const isExceeded = limit > 0 && count > limit;
    if (isExceeded) this.#context.metrics.exceededTargetLimit.inc();
    const error = isExceeded
      ? `target_limit exceeded (number of targets: ${count}, limit: ${limit})`
      : undefined;
    for (const loop of this.#loops.values()) loop.forceError(error);
  }
}
