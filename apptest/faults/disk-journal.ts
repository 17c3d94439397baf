/**
 * What a disk was told, in order, and what may be left of it after the power went: everything before
 * a finished fsync is there, of the rest anything. A file's later writes are dropped, torn or reach the
 * disk in another order; so do the names of a folder. POSIX promises no more, and file systems differ.
 */

import type { Random } from "../../src/base/seeded-random.ts";

/** Numbers of nodes: files and folders, the root is 0. */
export type NodeId = number;

/** One step that changes the disk or makes it last. `position` of an fsync: what came before it lasts. */
export type DiskStep =
  | { readonly kind: "make"; readonly node: NodeId; readonly isFolder: boolean }
  | {
      readonly kind: "write";
      readonly node: NodeId;
      readonly at: number;
      readonly bytes: Uint8Array;
    }
  | { readonly kind: "truncate"; readonly node: NodeId; readonly size: number }
  | { readonly kind: "names"; readonly changes: readonly NameChange[] }
  | { readonly kind: "fsync"; readonly node: NodeId; readonly position: number };

/** A name of a folder gets another node or, undefined, goes. */
export interface NameChange {
  readonly folder: NodeId;
  readonly name: string;
  readonly node: NodeId | undefined;
}

/** Content of a disk: nodes by number. */
export interface DiskImage {
  readonly files: Map<NodeId, Uint8Array>;
  readonly folders: Map<NodeId, Map<string, NodeId>>;
}

/** Pieces in which a disk takes a write: what is torn, is torn between them. */
const sectorBytes = 512;

interface Pending<Change> {
  readonly position: number;
  readonly change: Change;
}

type FileChange = Extract<DiskStep, { kind: "write" | "truncate" }>;
type NamesChange = Extract<DiskStep, { kind: "names" }>;

/** The disk after the first `count` steps, all of them done: what a kill -9 leaves. */
export function imageAfterKill(steps: readonly DiskStep[], count: number): DiskImage {
  const image = emptyImage();
  for (let i = 0; i < count; i++) applyStep(image, steps[i]!);
  return image;
}

/** The disk after the power went at `count` steps; `ignoresFsync` is a disk that lies about fsync. */
export function imageAfterPowerLoss(
  steps: readonly DiskStep[],
  count: number,
  random: Random,
  ignoresFsync = false,
): DiskImage {
  const image = emptyImage();
  const files = new Map<NodeId, Pending<FileChange>[]>();
  let names: Pending<NamesChange>[] = [];
  for (let i = 0; i < count; i++) {
    const step = steps[i]!;
    if (step.kind === "make") applyStep(image, step);
    else if (step.kind === "names") names.push({ position: i, change: step });
    else if (step.kind !== "fsync") {
      const pending = files.get(step.node) ?? [];
      pending.push({ position: i, change: step });
      files.set(step.node, pending);
    } else if (!ignoresFsync && image.folders.has(step.node)) {
      const isSynced = ({ position, change }: Pending<NamesChange>) =>
        position < step.position && change.changes.some(({ folder }) => folder === step.node);
      for (const one of names) if (isSynced(one)) applyStep(image, one.change);
      names = names.filter((one) => !isSynced(one));
    } else if (!ignoresFsync) {
      const pending = files.get(step.node) ?? [];
      for (const one of pending) if (one.position < step.position) applyStep(image, one.change);
      files.set(
        step.node,
        pending.filter(({ position }) => position >= step.position),
      );
    }
  }
  for (const pending of files.values()) loseWrites(image, pending, random);
  for (const { change } of chooseSome(names, random)) applyStep(image, change);
  return image;
}

function emptyImage(): DiskImage {
  return { files: new Map(), folders: new Map([[0, new Map()]]) };
}

function applyStep({ files, folders }: DiskImage, step: DiskStep): void {
  switch (step.kind) {
    case "make":
      if (step.isFolder) folders.set(step.node, new Map());
      else files.set(step.node, new Uint8Array(0));
      break;
    case "write":
      files.set(step.node, overwrite(files.get(step.node)!, step.at, step.bytes));
      break;
    case "truncate":
      files.set(step.node, resize(files.get(step.node)!, step.size));
      break;
    case "names":
      for (const { folder, name, node } of step.changes) {
        if (node === undefined) folders.get(folder)!.delete(name);
        else folders.get(folder)!.set(name, node);
      }
      break;
    case "fsync":
      break;
  }
}

/** Of writes that nothing made last: none, all, those up to one that is torn, or sectors here and there. */
function loseWrites(
  image: DiskImage,
  pending: readonly Pending<FileChange>[],
  random: Random,
): void {
  const way = Math.floor(random() * 4);
  if (pending.length === 0 || way === 0) return;
  const kept = way === 2 ? Math.floor(random() * pending.length) : pending.length;
  for (const [i, { change }] of pending.entries()) {
    if (way === 3 && change.kind === "write") scatterWrite(image, change, random);
    else if (i < kept) applyStep(image, change);
    else {
      if (change.kind === "write") tearWrite(image, change, random);
      break;
    }
  }
}

function tearWrite(
  image: DiskImage,
  change: Extract<DiskStep, { kind: "write" }>,
  random: Random,
): void {
  const kept = Math.floor((random() * change.bytes.length) / sectorBytes) * sectorBytes;
  applyStep(image, { ...change, bytes: change.bytes.subarray(0, kept) });
}

/** Some sectors arrive and some do not: the file has its length, with zeros where they should be. */
function scatterWrite(
  image: DiskImage,
  change: Extract<DiskStep, { kind: "write" }>,
  random: Random,
): void {
  const { node, at, bytes } = change;
  const before = image.files.get(node)!;
  image.files.set(node, resize(before, Math.max(before.length, at + bytes.length)));
  for (let from = 0; from < bytes.length; ) {
    // Sectors of the disk, not of the write.
    const to = Math.min(bytes.length, from + sectorBytes - ((at + from) % sectorBytes));
    if (random() < 0.6) {
      applyStep(image, { ...change, at: at + from, bytes: bytes.subarray(from, to) });
    }
    from = to;
  }
}

function chooseSome<Item>(items: readonly Item[], random: Random): readonly Item[] {
  const way = Math.floor(random() * 4);
  if (way === 0) return [];
  if (way === 1) return items;
  if (way === 2) return items.slice(0, Math.floor(random() * (items.length + 1)));
  return items.filter(() => random() < 0.5);
}

/** A copy of `bytes` with others written over it, longer if need be. */
export function overwrite(bytes: Uint8Array, at: number, others: Uint8Array): Uint8Array {
  const end = at + others.length;
  const grown = end > bytes.length ? resize(bytes, end) : bytes;
  grown.set(others, at);
  return grown;
}

/** The first `size` bytes, zeros added where there are fewer. Room is kept, so that appending is cheap. */
export function resize(bytes: Uint8Array, size: number): Uint8Array {
  if (size <= bytes.length) return bytes.slice(0, size);
  const room = new Uint8Array(bytes.buffer, bytes.byteOffset);
  if (bytes.byteOffset === 0 && size <= room.length) {
    const grown = room.subarray(0, size);
    grown.fill(0, bytes.length);
    return grown;
  }
  const grown = new Uint8Array(new ArrayBuffer(Math.max(size, bytes.length * 2)), 0, size);
  grown.set(bytes);
  return grown;
}
