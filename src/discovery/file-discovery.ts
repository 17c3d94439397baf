/**
 * file_sd_configs: target groups in JSON or YAML files, named by path or by a glob in the last part
 * of the path. Files are read again when the folder changes and at every refresh interval. A file
 * that cannot be read or understood keeps its last good groups and is logged with its line; a file
 * that is gone takes its targets with it.
 */

import { type FSWatcher, readdirSync, readFileSync, watch } from "node:fs";
import { basename, dirname, isAbsolute, join } from "node:path";
import type { z } from "zod";
import { errorMessage } from "../base/errors.ts";
import { parseDuration } from "../model/duration.ts";
import { compareUtf8 } from "../model/labels.ts";
import { checkDocument, errorAt, listOf, mapping } from "../schema/mapping.ts";
import { durationScalar, textScalar } from "../schema/scalars.ts";
import { parseYamlDocument } from "../schema/yaml-document.ts";
import {
  type Discoverer,
  type DiscoveryContext,
  type DiscoveryKind,
  type DiscoveryPlace,
  type TargetGroup,
  untilAborted,
} from "./target-group.ts";
import { targetGroupSchema, toTargetGroup } from "./target-group-schema.ts";

/** Editors write a file in several steps; changes within this time are read once. */
const settleMs = 100;
/** The label that tells which file a target came from. */
const filePathLabel = "__meta_filepath";
/** Prometheus' own rule: at most one `*`, in the last part of the path, and a known ending. */
const fileNamePattern = /^[^*]*(?:\*[^/]*)?\.(?:json|yml|yaml|JSON|YML|YAML)$/;

const fileSdSchema = mapping({
  files: listOf(textScalar),
  refresh_interval: durationScalar.default("5m"),
});

/** One entry, compiled. */
interface FileEntry {
  readonly patterns: readonly string[];
  readonly refreshMs: number;
}

/** The kind `file`. */
export const fileDiscovery: DiscoveryKind<typeof fileSdSchema> = {
  name: "file",
  configKey: "file_sd_configs",
  schema: fileSdSchema,
  compile(fields, place) {
    const entries = fields.map((entry, index) => compileEntry(entry, place, index));
    return (context) => new FileDiscoverer(entries, context);
  },
};

function compileEntry(
  fields: z.output<typeof fileSdSchema>,
  place: DiscoveryPlace,
  index: number,
): FileEntry {
  const { document } = place;
  if (fields.files.length === 0) {
    const message = "file service discovery config must contain at least one path name";
    throw errorAt(message, [...place.path, index], document);
  }
  const patterns = fields.files.map((file, at) => {
    if (fileNamePattern.test(file)) {
      // Relative to the folder of the config file, as in Prometheus.
      return document?.file === undefined || isAbsolute(file)
        ? file
        : join(dirname(document.file), file);
    }
    const message = `path name ${JSON.stringify(file)} is not valid for file discovery; a name ends in .json, .yml or .yaml, with * in the last part only`;
    throw errorAt(message, [...place.path, index, "files", at], document);
  });
  return { patterns, refreshMs: parseDuration(fields.refresh_interval) ?? 0 };
}

/** Reads and watches the files of one scrape config. */
class FileDiscoverer implements Discoverer {
  readonly #entries: readonly FileEntry[];
  readonly #context: DiscoveryContext;
  /** Last good groups of each file. */
  #groups = new Map<string, readonly TargetGroup[]>();
  #lastErrors = new Map<string, string>();

  constructor(entries: readonly FileEntry[], context: DiscoveryContext) {
    this.#entries = entries;
    this.#context = context;
  }

  async run(emit: (groups: readonly TargetGroup[]) => void, signal: AbortSignal): Promise<void> {
    const { clock } = this.#context;
    const cancels = new Set<() => void>();
    let cancelSettle: (() => void) | undefined;
    const refresh = (): void => emit(this.#read());
    const onChange = (): void => {
      cancelSettle?.();
      cancelSettle = clock.after(settleMs, refresh);
    };
    const watchers = this.#watch(onChange);
    for (const refreshMs of new Set(this.#entries.map((entry) => entry.refreshMs))) {
      if (refreshMs === 0) continue;
      let cancel = (): void => {};
      const tick = (): void => {
        refresh();
        cancel = clock.after(refreshMs, tick);
      };
      cancel = clock.after(refreshMs, tick);
      cancels.add(() => cancel());
    }
    refresh();
    await untilAborted(signal);
    cancelSettle?.();
    for (const cancel of cancels) cancel();
    for (const watcher of watchers) watcher.close();
  }

  /** Watches each folder; where that is not possible the refresh interval does the work. */
  #watch(onChange: () => void): FSWatcher[] {
    const folders = new Set(
      this.#entries.flatMap((entry) => entry.patterns.map((pattern) => dirname(pattern))),
    );
    const watchers: FSWatcher[] = [];
    for (const folder of folders) {
      const warn = (thrown: unknown): void =>
        this.#context.logger.warn(
          { folder, error: errorMessage(thrown) },
          "cannot watch target files; they are read at each refresh interval",
        );
      try {
        const watcher = watch(folder, { persistent: false }, onChange);
        watcher.on("error", warn);
        watchers.push(watcher);
      } catch (thrown) {
        warn(thrown);
      }
    }
    return watchers;
  }

  #read(): readonly TargetGroup[] {
    const files = new Set(this.#entries.flatMap((entry) => entry.patterns.flatMap(matchFiles)));
    const groups = new Map<string, readonly TargetGroup[]>();
    for (const file of files) {
      const kept = this.#groups.get(file) ?? [];
      groups.set(file, this.#readFile(file) ?? kept);
    }
    this.#groups = groups;
    return [...groups.values()].flat();
  }

  /** The groups of one file, undefined where it cannot be used. */
  #readFile(file: string): readonly TargetGroup[] | undefined {
    try {
      const groups = parseTargetFile(readFileSync(file, "utf8"), file);
      this.#lastErrors.delete(file);
      return groups;
    } catch (thrown) {
      const error = errorMessage(thrown);
      this.#context.onReadError?.();
      // Said once, not at every refresh.
      if (this.#lastErrors.get(file) !== error) {
        this.#context.logger.error(
          { file, error },
          "cannot read target file; its last good targets stay",
        );
      }
      this.#lastErrors.set(file, error);
      return undefined;
    }
  }
}

/** The groups of a target file's text; throws ConfigError with file and line. */
export function parseTargetFile(text: string, file: string): readonly TargetGroup[] {
  const fields = checkDocument(listOf(targetGroupSchema), parseYamlDocument(text, file));
  return fields.map((group, index) =>
    toTargetGroup(group, `${file}:${index}`, { [filePathLabel]: file }),
  );
}

/** Files that a pattern names, sorted. A path without `*` names itself where it exists. */
function matchFiles(pattern: string): string[] {
  const folder = dirname(pattern);
  const [before = "", after] = basename(pattern).split("*");
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    // No such folder yet: no files, and the next refresh looks again.
    return [];
  }
  const isMatch = (name: string): boolean =>
    after === undefined
      ? name === before
      : name.length >= before.length + after.length &&
        name.startsWith(before) &&
        name.endsWith(after) &&
        // As in a shell, a leading dot wants to be written out.
        (before !== "" || !name.startsWith("."));
  return names
    .filter(isMatch)
    .sort(compareUtf8)
    .map((name) => join(folder, name));
}
