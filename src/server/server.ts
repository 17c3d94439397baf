/**
 * The server's wiring and life cycle. Start: configuration, security of the address, data directory
 * (locked), storage replayed, scraping, then the listener; `ready` means that all of it works.
 * Stop goes backwards. Nothing of the data directory is touched before the configuration is good.
 */

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { compare } from "bcryptjs";
import type { ApiSources, StorageAdmin } from "../api/api-sources.ts";
import { createApp } from "../api/app.ts";
import { openDashboardStore } from "../api/dashboard-store.ts";
import { createGuard, loopbackHosts } from "../api/guard.ts";
import { fetchPublicText } from "../api/public-fetch.ts";
import type { ServerStatus } from "../api/wire/server.ts";
import { AppError, errorMessage } from "../base/errors.ts";
import { redactedYaml } from "../config/config.ts";
import { loadWebConfig, type WebConfig } from "../config/web-config.ts";
import { negotiateExposition, renderExposition } from "../metrics/exposition.ts";
import { registerProcessMetrics } from "../metrics/process-metrics.ts";
import { Registry } from "../metrics/registry.ts";
import { ReadHandler } from "../remote/read-handler.ts";
import { readLimitsDefault } from "../remote/read-limits.ts";
import { WriteReceiver } from "../remote/write-receiver.ts";
import { ScrapeManager } from "../scrape/scrape-manager.ts";
import { openTsdb, type Tsdb } from "../tsdb/tsdb.ts";
import { clusterFeature } from "./cluster-feature.ts";
import { ConfigInForce } from "./config-in-force.ts";
import { type FlowKeeping, flowSettingsDefault, openFlowKeeping } from "./flow-keeping.ts";
import {
  type HttpListener,
  isLoopback,
  type ListenAddress,
  listenHttp,
  parseListenAddress,
  urlHost,
} from "./http-listener.ts";
import { type LiveFlows, openLiveFlows } from "./live-flows.ts";
import { policyFeature } from "./policy-feature.ts";
import { type Querying, startQuerying } from "./querying.ts";
import { writeServerFile } from "./server-file.ts";
import type { ServerOptions } from "./server-options.ts";

/** A server that runs. */
export interface ServerHandle {
  /** Address of the page, as a person types it. */
  readonly url: string;
  /** Loads the configuration file anew; throws ConfigError and keeps the old one. */
  reload(): Promise<void>;
  /** HOST:PORT of the Observer; undefined: there is none. */
  readonly observerAddress: string | undefined;
  /** Adds a source of flows, as --flows does. Throws ConfigError. */
  addFlowSource(text: string): void;
  /** Adds the scrape configs of a prometheus.yml text (the laboratory's) and sentences for the page. */
  addScrapeConfigs(yaml: string, notes: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

/** The package's folder, from src/server and from dist/server alike. */
const packageDir = resolve(import.meta.dirname, "..", "..");

/** Starts a server. Throws ConfigError, AppError `refused`, `locked`, `address_in_use`, CorruptionError. */
export async function startServer(options: ServerOptions): Promise<ServerHandle> {
  const { clock, logger, dataDir } = options;
  const address = parseListenAddress(options.listen);
  const webConfig =
    options.webConfigFile === undefined ? undefined : loadWebConfig(options.webConfigFile);
  requireSafeAddress(address, webConfig);
  const config = new ConfigInForce(options.configFile, clock);

  const registry = new Registry();
  const stopProcessMetrics = registerProcessMetrics(registry, clock);
  const tsdb = await openStorage(options, config, registry);
  const manager = new ScrapeManager({
    clock,
    logger: logger.child({ part: "scrape" }),
    appendable: tsdb,
    registry,
    keepsStartTimestamps: options.features?.has("st-storage") ?? false,
    recordsMetadata: options.features?.has("metadata-wal-records") ?? false,
    hasTypeAndUnitLabels: options.features?.has("type-and-unit-labels") ?? false,
  });
  for (const { level, message, option } of options.features?.notes ?? []) {
    logger[level]({ option }, message);
  }
  const querying = startQuerying(options, config.merged, registry);
  const startedMs = clock.nowMs();
  let keeping: FlowKeeping | undefined;
  let flows: LiveFlows | undefined;
  let parts: Parts;
  let listener: HttpListener;
  try {
    keeping = await keepFlows(options, registry, tsdb, config);
    flows = await liveFlows(options, webConfig, keeping);
    keeping.attach(flows.feed);
    parts = { options, config, registry, tsdb, manager, querying, flows, keeping, startedMs };
    listener = await openListener(parts, address, webConfig);
  } catch (thrown) {
    await flows?.close();
    await keeping?.close();
    stopProcessMetrics();
    querying.close();
    await tsdb.close();
    throw thrown;
  }
  config.setSelfAddress(urlHost(listener.address), webConfig);
  for (const warning of config.warnings) logger.warn({}, warning);
  manager.applyConfig(config.merged);
  const scheme = webConfig?.tls === undefined ? "http" : "https";
  logger.info({ address: urlHost(listener.address), dataDir }, "listening");
  const url = `${scheme}://${urlHost(listener.address)}/`;
  const removeServerFile = writeServerFile(dataDir, url);
  const opened = flows;
  const kept = keeping;
  opened.start();
  return {
    observerAddress: opened.observerAddress,
    addFlowSource: (text) => opened.addSource(text),
    url,
    reload: () => reload(parts),
    async addScrapeConfigs(yaml, notes) {
      config.addText(yaml, notes);
      manager.applyConfig(config.merged);
    },
    async stop() {
      removeServerFile();
      // Scraping first, so that its last samples and stale markers are in the log before it closes.
      await manager.stop({ markStale: true });
      await opened.close();
      await kept.close();
      await listener.close();
      querying.close();
      await tsdb.close();
      stopProcessMetrics();
      logger.info({}, "stopped");
    },
  };
}

function openStorage(
  options: ServerOptions,
  config: ConfigInForce,
  registry: Registry,
): Promise<Tsdb> {
  const { clock, logger, dataDir } = options;
  return openTsdb({
    dir: join(dataDir, "tsdb"),
    clock,
    logger: logger.child({ part: "tsdb" }),
    registry,
    retentionMs: options.retentionMs,
    outOfOrderWindowMs: config.merged.storage.outOfOrderWindowMs,
    ...(options.retentionBytes === undefined ? {} : { retentionBytes: options.retentionBytes }),
    ...(options.retentionPercent === undefined
      ? {}
      : { retentionPercent: options.retentionPercent }),
    ...(options.memoryBudgetBytes === undefined
      ? {}
      : { memoryBudgetBytes: options.memoryBudgetBytes }),
    ...(options.walCompression === undefined ? {} : { walCompression: options.walCompression }),
    keepsStartTimestamps: options.features?.has("st-storage") ?? false,
    keepsSnapshot: options.features?.has("memory-snapshot-on-shutdown") ?? false,
  });
}

function keepFlows(
  options: ServerOptions,
  registry: Registry,
  tsdb: Tsdb,
  config: ConfigInForce,
): Promise<FlowKeeping> {
  return openFlowKeeping({
    dataDir: options.dataDir,
    settings: options.flowSettings ?? flowSettingsDefault,
    clock: options.clock,
    logger: options.logger.child({ part: "flows" }),
    registry,
    appendable: tsdb,
    clusterView: options.clusterView,
    outOfOrderWindowMs: () => config.merged.storage.outOfOrderWindowMs,
  });
}

/** What the parts of the wiring share. */
interface Parts {
  readonly options: ServerOptions;
  readonly config: ConfigInForce;
  readonly registry: Registry;
  readonly tsdb: Tsdb;
  readonly manager: ScrapeManager;
  readonly querying: Querying;
  readonly flows: LiveFlows;
  readonly keeping: FlowKeeping;
  readonly startedMs: number;
}

function liveFlows(
  options: ServerOptions,
  webConfig: WebConfig | undefined,
  keeping: FlowKeeping,
): Promise<LiveFlows> {
  return openLiveFlows({
    history: keeping.store,
    calls: keeping.calls,
    memoryFile: join(options.dataDir, "flow-sources.json"),
    sources: options.flowSources ?? [],
    configFile: options.flowConfigFile,
    observerListen: options.observerListen,
    webConfig,
    compareHash: compare,
    version: options.version,
    clock: options.clock,
    logger: options.logger.child({ part: "flows" }),
  });
}

/** Beyond loopback somebody must be asked for a name: users, or client certificates. */
function requireSafeAddress(address: ListenAddress, webConfig: WebConfig | undefined): void {
  if (isLoopback(address.host)) return;
  const hasUsers = (webConfig?.basicAuthUsers.size ?? 0) > 0;
  const hasClientCertificates = webConfig?.tls?.clientAuthType === "RequireAndVerifyClientCert";
  if (hasUsers || hasClientCertificates) return;
  const what =
    webConfig === undefined
      ? "without --web.config.file"
      : "with a web configuration that asks nobody for a password";
  throw new AppError(
    "refused",
    `cannot listen on ${address.host}:${address.port} ${what}: other machines could read and change everything. ` +
      "Listen on 127.0.0.1, or give --web.config.file FILE with basic_auth_users (Prometheus' format: https://prometheus.io/docs/prometheus/latest/configuration/https/)",
  );
}

async function reload(parts: Parts): Promise<void> {
  const { config, manager, options } = parts;
  let takeSources: () => void;
  try {
    takeSources = parts.flows.prepareReload();
    config.reload();
  } catch (thrown) {
    options.logger.error(
      { error: errorMessage(thrown) },
      "configuration not loaded; the old one stays in force",
    );
    throw thrown;
  }
  for (const warning of config.warnings) options.logger.warn({}, warning);
  takeSources();
  manager.applyConfig(config.merged);
  parts.querying.applyConfig(config.merged);
  parts.tsdb.setOutOfOrderWindow(config.merged.storage.outOfOrderWindowMs);
  options.logger.info({ file: options.configFile ?? "" }, "configuration loaded");
}

async function openListener(
  parts: Parts,
  address: ListenAddress,
  webConfig: WebConfig | undefined,
): Promise<HttpListener> {
  const { options } = parts;
  const webDir = join(packageDir, "dist", "web");
  const guard = createGuard({
    allowedHosts: new Set(
      [...loopbackHosts, address.host, ...options.allowedHosts].map((name) => name.toLowerCase()),
    ),
    allowsAnyAddress: !isLoopback(address.host),
    basicAuthUsers: webConfig?.basicAuthUsers ?? new Map(),
    selfToken: parts.config.selfToken,
    compareHash: compare,
  });
  const app = createApp(apiSources(parts), guard, {
    ...(options.corsOrigin === undefined ? {} : { corsOrigin: options.corsOrigin }),
    ...(existsSync(webDir) ? { webDir } : {}),
    headers: webConfig?.headers ?? {},
  });
  const tls = webConfig?.tls;
  return await listenHttp((request, env) => app.fetch(request, env as object), address, {
    flag: "--listen",
    ...(tls === undefined ? {} : { tls }),
  });
}

function apiSources(parts: Parts): ApiSources {
  const { options, config, registry, tsdb, manager, startedMs } = parts;
  const { clock, logger } = options;
  return {
    clock,
    logger,
    engine: parts.querying.engine,
    parserOptions: parts.querying.parserOptions,
    hasStepStats: options.features?.has("promql-per-step-stats") ?? false,
    queryable: tsdb,
    exemplars: tsdb,
    targets: manager,
    ownMetrics(accept) {
      const choice = negotiateExposition(accept);
      return { body: renderExposition(registry, choice), contentType: choice.contentType };
    },
    externalLabels: () => config.merged.global.externalLabels,
    configYaml: () => redactedYaml(config.merged),
    flags: options.flags,
    version: options.version,
    startedMs,
    isReady: () => true,
    storage: tsdb,
    ...(options.hasAdminApi ? { admin: storageAdmin(parts) } : {}),
    readHandler: new ReadHandler({
      queryable: tsdb,
      clock,
      registry,
      externalLabels: () => config.merged.global.externalLabels,
      limits: options.readLimits ?? readLimitsDefault,
    }),
    ...(options.hasRemoteWriteReceiver === true ? { writeReceiver: writeReceiver(parts) } : {}),
    lastConfigReload: () => config.lastReload,
    reload: () => reload(parts),
    status: () => serverStatus(parts),
    dashboards: openDashboardStore({
      shippedDir: join(packageDir, "dashboards"),
      importedDir: join(options.dataDir, "dashboards"),
      ...(options.dashboardsPath === undefined ? {} : { provisionedDir: options.dashboardsPath }),
      clock,
      logger,
    }),
    features: [
      parts.flows.routes,
      ...parts.keeping.routes,
      ...clusterFeature(options.clusterView),
      ...policyFeature({ ...options, keeping: parts.keeping, view: options.clusterView }),
    ],
    ...(options.canImportByUrl ? { fetchUrl: (url: string) => fetchPublicText(url) } : {}),
  };
}

function writeReceiver({ options, registry, tsdb }: Parts): WriteReceiver {
  const logger = options.logger.child({ part: "remote" });
  return new WriteReceiver({
    appendable: tsdb,
    clock: options.clock,
    logger,
    registry,
    isVolatile: () => tsdb.stats().walBacklogBytes > 0,
  });
}

/** Snapshots lie where Prometheus puts them. */
function storageAdmin({ options, tsdb }: Parts): StorageAdmin {
  return {
    deleteSeries: (minMs, maxMs, matchers) => tsdb.deleteSeries(minMs, maxMs, matchers),
    cleanTombstones: () => tsdb.cleanTombstones(),
    snapshot: (name, how) => tsdb.snapshot(join(options.dataDir, "tsdb", "snapshots", name), how),
  };
}

/** A sentence while storage refuses new series for want of memory. */
function budgetWarnings(tsdb: Tsdb): string[] {
  const { budget, seriesRefused } = tsdb.stats();
  if (!budget.isOver) return [];
  const grown = budget.grownMetric;
  const cause = grown === undefined ? "" : ` ${grown.name} grew most, to ${grown.series} series.`;
  const mib = Math.round(budget.budgetBytes / 2 ** 20);
  return [
    `Storage is above its memory budget of ${mib} MiB: ${seriesRefused} new series were refused.${cause} Drop labels by metric_relabel_configs, or raise --storage.memory-budget.`,
  ];
}

/** A sentence while the disk is full. */
function diskWarnings(tsdb: Tsdb): string[] {
  const { walBacklogBytes } = tsdb.stats();
  if (walBacklogBytes === 0) return [];
  return [
    `The disk is full: ${(walBacklogBytes / 2 ** 20).toFixed(1)} MiB of samples are in memory only and are lost if this process ends. Make room, or lower --storage.tsdb.retention.size.`,
  ];
}

/** A sentence for each block that is set aside. */
function blockWarnings(tsdb: Tsdb): string[] {
  return [...tsdb.stats().corruptBlocks].map(
    ([name, why]) => `Block ${name} cannot be read and is set aside; the rest serves: ${why}`,
  );
}

function serverStatus({ options, config, tsdb, keeping, startedMs }: Parts): ServerStatus {
  return {
    version: options.version,
    mode: options.mode,
    ...(options.ciliumVersion === undefined ? {} : { ciliumVersion: options.ciliumVersion }),
    isSelfScrapeOnly: config.isSelfScrapeOnly,
    isClusterWatched: options.clusterView !== undefined,
    ...(options.configFile === undefined ? {} : { configFile: options.configFile }),
    startedMs,
    uptimeSeconds: (options.clock.nowMs() - startedMs) / 1000,
    seriesCount: tsdb.stats().seriesCount,
    canImportByUrl: options.canImportByUrl,
    warnings: [
      ...budgetWarnings(tsdb),
      ...diskWarnings(tsdb),
      ...blockWarnings(tsdb),
      ...keeping.warnings(),
      ...config.warnings,
      ...config.notes,
    ],
  };
}
