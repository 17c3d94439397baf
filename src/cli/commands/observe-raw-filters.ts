/**
 * Where the raw filters of `observe` come from when no flag gives them, as in the hubble CLI: from
 * HUBBLE_ALLOWLIST and HUBBLE_DENYLIST, then from the file of `--config`, which has the form that
 * `--print-raw-filters` prints.
 */

import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { ConfigError, errorMessage } from "../../base/errors.ts";
import type { ObserveOptions } from "./observe-options.ts";

const lists = [
  { key: "allowlist", option: "allowList" },
  { key: "denylist", option: "denyList" },
] as const;

/** Fills the lists that no flag gave. Throws ConfigError where the file cannot be read. */
export function addRawFilters(
  options: ObserveOptions,
  env: Readonly<Record<string, string | undefined>>,
): void {
  const config = options.configFile === "" ? {} : readConfig(options.configFile);
  for (const { key, option } of lists) {
    if (options[option].length > 0) continue;
    const variable = env[`HUBBLE_${key.toUpperCase()}`] ?? "";
    options[option].push(...(variable === "" ? textsOf(config[key], key, options) : [variable]));
  }
}

function readConfig(file: string): Readonly<Record<string, unknown>> {
  try {
    const config: unknown = parse(readFileSync(file, "utf8"));
    if (typeof config === "object") return (config ?? {}) as Readonly<Record<string, unknown>>;
  } catch (thrown) {
    throw new ConfigError(`cannot read --config: ${errorMessage(thrown)}`, { path: "" });
  }
  throw new ConfigError(`cannot read --config: ${file} holds no keys`, { path: "" });
}

function textsOf(value: unknown, key: string, { configFile }: ObserveOptions): string[] {
  const texts = Array.isArray(value) ? value : [value ?? []].flat();
  return texts.map((text) => {
    if (typeof text === "string") return text;
    const why = `${key} in ${configFile} must be a list of texts, each a FlowFilter in JSON`;
    throw new ConfigError(why, { path: key });
  });
}
