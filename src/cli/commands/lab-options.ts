/** Flags of every command that starts a laboratory: which scene, whose metrics, where. */

import type { Command } from "commander";
import { ConfigError } from "../../base/errors.ts";

/** The flags as given. */
export interface LabFlags {
  readonly ciliumVersion: string;
  readonly labAddress: string;
  readonly scene: string;
  readonly hubbleMetrics?: string;
}

/** Adds them to a command. */
export function addLabFlags(command: Command): Command {
  return command
    .option(
      "--cilium-version <version>",
      "whose metric names the laboratory has: 1.6, 1.9, 1.16, 1.19",
      "1.19",
    )
    .option(
      "--lab-address <prefix>",
      "first three numbers of the laboratory's loopback addresses",
      "127.10.0",
    )
    .option("--scene <name|file>", "star-wars, shop, mesh, storm, or a YAML file", "star-wars")
    .option(
      "--hubble-metrics <handlers>",
      'hubble.metrics.enabled, as in "dns:query;ignoreAAAA drop tcp" or "{dns,drop,tcp}"',
    );
}

/** As startLab wants them. */
export function labOptions({ ciliumVersion, labAddress, scene, hubbleMetrics }: LabFlags) {
  return {
    ciliumVersion,
    address: labAddress,
    scene,
    ...(hubbleMetrics === undefined ? {} : { hubbleMetrics: parseHubbleMetrics(hubbleMetrics) }),
  };
}

/**
 * The handlers of `hubble.metrics.enabled`: separated by blanks, or as Helm's --set writes a list,
 * `{a,b}`, where a comma inside a handler is written `\,`.
 */
export function parseHubbleMetrics(text: string): string[] {
  const trimmed = text.trim();
  const list = /^\{(.*)\}$/s.exec(trimmed)?.[1];
  const handlers =
    list === undefined
      ? trimmed.split(/\s+/)
      : list.split(/(?<!\\),/).map((handler) => handler.replaceAll("\\,", ",").trim());
  const found = handlers.filter((handler) => handler !== "");
  if (found.length === 0)
    throw new ConfigError("want at least one handler", { path: "hubble.metrics.enabled" });
  return found;
}
