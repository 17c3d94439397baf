/**
 * Drafts of policies: one JSON file each in DIR/policy-drafts, written whole beside and then renamed.
 * Nothing of them is ever sent to a cluster.
 */

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import { AppError, errorMessage, LimitError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { WireDraft } from "./wire/policy.ts";

/** A policy is at most 1.5 MiB in Kubernetes; a draft may hold several. */
export const draftBytesMax = 2 * 1024 * 1024;
const draftsMax = 1000;
const idPattern = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** What a client may say about a draft. */
export type DraftText = Pick<WireDraft, "title" | "yaml" | "basedOn">;

/** The drafts of a data directory. */
export class PolicyDrafts {
  readonly #dir: string;
  readonly #clock: Clock;
  readonly #logger: Logger;

  constructor(dir: string, clock: Clock, logger: Logger) {
    this.#dir = dir;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Newest first; a file that cannot be read is said and left out. */
  list(): WireDraft[] {
    if (!existsSync(this.#dir)) return [];
    const drafts = readdirSync(this.#dir)
      .filter((name) => name.endsWith(".json"))
      .flatMap((name) => this.#read(name.slice(0, -".json".length)) ?? []);
    return drafts.sort((a, b) => b.updatedMs - a.updatedMs);
  }

  /** undefined: there is none. */
  get(id: string): WireDraft | undefined {
    return idPattern.test(id) ? this.#read(id) : undefined;
  }

  /** Writes a draft, new or in place of the one of this id. Throws AppError `config`, LimitError. */
  put(id: string, { title, yaml, basedOn }: DraftText): WireDraft {
    if (!idPattern.test(id)) {
      throw new AppError(
        "config",
        `cannot keep draft ${JSON.stringify(id)}: an id is of a-z, 0-9 and -`,
      );
    }
    if (Buffer.byteLength(yaml) > draftBytesMax) {
      throw new LimitError(`cannot keep draft ${id}: it is longer than ${draftBytesMax} bytes`, {
        limit: "draftBytesMax",
        actual: Buffer.byteLength(yaml),
      });
    }
    mkdirSync(this.#dir, { recursive: true });
    if (this.get(id) === undefined && this.list().length >= draftsMax) {
      throw new LimitError(`cannot keep more than ${draftsMax} drafts; remove some`, {
        limit: "draftsMax",
        actual: draftsMax + 1,
      });
    }
    const draft: WireDraft = { id, title, yaml, basedOn, updatedMs: this.#clock.nowMs() };
    const path = join(this.#dir, `${id}.json`);
    writeFileSync(`${path}.tmp`, JSON.stringify(draft));
    renameSync(`${path}.tmp`, path);
    return draft;
  }

  /** False: there was none. */
  remove(id: string): boolean {
    if (this.get(id) === undefined) return false;
    rmSync(join(this.#dir, `${id}.json`));
    return true;
  }

  #read(id: string): WireDraft | undefined {
    const path = join(this.#dir, `${id}.json`);
    if (!existsSync(path)) return undefined;
    try {
      const { title, yaml, basedOn, updatedMs } = JSON.parse(
        readFileSync(path, "utf8"),
      ) as WireDraft;
      return {
        id,
        title: String(title),
        yaml: String(yaml),
        basedOn: String(basedOn),
        updatedMs: Number(updatedMs),
      };
    } catch (thrown) {
      this.#logger.warn({ file: path, error: errorMessage(thrown) }, "draft left out");
      return undefined;
    }
  }
}
