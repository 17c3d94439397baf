/** The scrape configs in force by job, and their relabel configs ready to run one by one. */

import { parse, stringify } from "yaml";
import { QueryError } from "../base/errors.ts";
import { quoteString } from "../model/labels.ts";
import {
  type RelabelConfig,
  relabelConfigSchema,
  relabelDefaults,
} from "../relabel/relabel-config.ts";
import { compileCheckedConfigs, type RelabelProgram } from "../relabel/relabel-program.ts";
import { parseYamlDocument } from "../schema/yaml-document.ts";

/** One relabel config, as written and compiled. */
export interface PoolRule {
  readonly config: RelabelConfig;
  readonly program: RelabelProgram;
}

/** The part of the configuration that makes one scrape pool. */
export interface PoolConfig {
  readonly yaml: string;
  readonly rules: readonly PoolRule[];
}

/** Pools of a configuration (YAML, whole) by name. O(text). */
export function readPoolConfigs(yaml: string): ReadonlyMap<string, PoolConfig> {
  const pools = new Map<string, PoolConfig>();
  // Once as texts, which the schema checks, and once with types, to be shown.
  const jobs = jobsOf(parseYamlDocument(yaml).value);
  const typedJobs = jobsOf(parse(yaml));
  for (const [index, job] of jobs.entries()) {
    const { job_name: name, relabel_configs: configs } = job as {
      job_name?: unknown;
      relabel_configs?: unknown;
    };
    const rules = listOf(configs).map((written) => {
      const config = relabelConfigSchema.parse(written);
      return { config, program: compileCheckedConfigs([config]) };
    });
    pools.set(String(name), { yaml: stringify(typedJobs[index]), rules });
  }
  return pools;
}

function jobsOf(config: unknown): readonly unknown[] {
  return listOf((config as { scrape_configs?: unknown } | null)?.scrape_configs);
}

/** A relabel config as Prometheus shows it: what was not written is what it means. */
export function shownRule({ config }: PoolRule): RelabelConfig {
  const { separator, regex, replacement, action } = relabelDefaults;
  return { separator, regex, replacement, action, ...config };
}

/** The pool of that name; throws bad_data in Prometheus' words. */
export function requirePoolConfig(yaml: string, name: string): PoolConfig {
  const pool = readPoolConfigs(yaml).get(name);
  if (pool !== undefined) return pool;
  const why = `scrape pool ${quoteString(name)} not found`;
  throw new QueryError("bad_data", `error retrieving scrape config: ${why}`);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}
