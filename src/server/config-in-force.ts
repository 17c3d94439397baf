/**
 * The configuration in force: the user's file, or without one a job that scrapes this server, plus
 * what the demo adds. A reload that fails changes nothing.
 */

import { randomBytes } from "node:crypto";
import { stringify } from "yaml";
import type { Clock } from "../base/clock.ts";
import { ConfigError } from "../base/errors.ts";
import { type Config, type LoadedConfig, loadConfig, parseConfig } from "../config/config.ts";
import type { WebConfig } from "../config/web-config.ts";

/** The job by which the server scrapes itself. */
export const selfJobName = "ciliascope";

export class ConfigInForce {
  /** Bearer token by which our own scrape is let in where passwords are asked for; /metrics only. */
  readonly selfToken = randomBytes(24).toString("base64url");
  readonly #file: string | undefined;
  readonly #clock: Clock;
  #loaded: LoadedConfig;
  #added: LoadedConfig | undefined;
  #merged: Config;
  #notes: readonly string[] = [];
  #lastReload: { isSuccess: boolean; atMs: number; failedAtMs?: number };

  /** Loads `file`; throws ConfigError. */
  constructor(file: string | undefined, clock: Clock) {
    this.#file = file;
    this.#clock = clock;
    this.#loaded = file === undefined ? parseConfig("{}") : loadConfig(file);
    this.#merged = this.#loaded.config;
    this.#lastReload = { isSuccess: true, atMs: clock.nowMs() };
  }

  /** The file's scrape configs and the added ones. */
  get merged(): Config {
    return this.#merged;
  }

  get warnings(): readonly string[] {
    return [...this.#loaded.warnings, ...(this.#added?.warnings ?? [])];
  }

  /** Sentences of the demo for the page. */
  get notes(): readonly string[] {
    return this.#notes;
  }

  get lastReload(): {
    readonly isSuccess: boolean;
    readonly atMs: number;
    readonly failedAtMs?: number;
  } {
    return this.#lastReload;
  }

  /** Nothing is scraped but this server. */
  get isSelfScrapeOnly(): boolean {
    return this.#merged.scrapeConfigs.every((scrape) => scrape.jobName === selfJobName);
  }

  /** Without a file: scrape this server, now that its address is known. */
  setSelfAddress(address: string, webConfig: WebConfig | undefined): void {
    if (this.#file !== undefined) return;
    const hasTls = webConfig?.tls !== undefined;
    const self = {
      job_name: selfJobName,
      scrape_interval: "5s",
      scrape_timeout: "5s",
      authorization: { credentials: this.selfToken },
      ...(hasTls ? { scheme: "https", tls_config: { insecure_skip_verify: true } } : {}),
      static_configs: [{ targets: [address] }],
    };
    this.#loaded = parseConfig(stringify({ scrape_configs: [self] }));
    this.#merge();
  }

  /** Adds the scrape configs of a text; a job name that the file has already is a ConfigError. */
  addText(yaml: string, notes: readonly string[]): void {
    const previous = this.#added;
    this.#added = parseConfig(yaml);
    try {
      this.#merge();
    } catch (thrown) {
      this.#added = previous;
      throw thrown;
    }
    this.#notes = notes;
  }

  /** Loads the file anew. Throws ConfigError and keeps everything as it was. */
  reload(): void {
    const atMs = this.#clock.nowMs();
    const previous = this.#loaded;
    try {
      if (this.#file !== undefined) this.#loaded = loadConfig(this.#file);
      this.#merge();
      this.#lastReload = { isSuccess: true, atMs };
    } catch (thrown) {
      this.#loaded = previous;
      const failedAtMs = this.#clock.nowMs();
      this.#lastReload = { isSuccess: false, atMs: this.#lastReload.atMs, failedAtMs };
      throw thrown;
    }
  }

  #merge(): void {
    const own = this.#loaded.config;
    const added = this.#added?.config.scrapeConfigs ?? [];
    const names = new Set(own.scrapeConfigs.map((scrape) => scrape.jobName));
    const clash = added.find((scrape) => names.has(scrape.jobName));
    if (clash !== undefined) {
      throw new ConfigError(
        `the job name ${JSON.stringify(clash.jobName)} is taken by the demo's own scrape configs; choose another`,
        { file: this.#file, path: "scrape_configs" },
      );
    }
    this.#merged = { ...own, scrapeConfigs: [...own.scrapeConfigs, ...added] };
  }
}
