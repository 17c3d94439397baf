/**
 * A disk in memory, with the file operations that storage uses. It writes down every step
 * (disk-journal.ts), can be full, and can be rebuilt as a kill or a power loss leaves it. Storage
 * sees no difference but in its lock, which lies on the real disk: Node cannot hold it elsewhere.
 */

import type { FileSystem } from "../../src/tsdb/file-system.ts";
import type { DiskImage, DiskStep, NameChange, NodeId } from "./disk-journal.ts";
import { overwrite, resize } from "./disk-journal.ts";

interface OpenFile {
  readonly node: NodeId;
  at: number;
}

/** The disk; `fs` is what a program uses. */
export class MemoryDisk {
  readonly fs: FileSystem;
  /** All that was done to it, oldest first. */
  readonly steps: DiskStep[] = [];
  /** Bytes of all files beyond which writing fails with ENOSPC. */
  capacityBytes = Number.POSITIVE_INFINITY;
  /** Called before each step; what it throws the program gets. */
  onStep: ((step: DiskStep) => void) | undefined;
  readonly #files: Map<NodeId, Uint8Array>;
  readonly #folders: Map<NodeId, Map<string, NodeId>>;
  readonly #open = new Map<number, OpenFile>();
  #nextNode: number;
  #nextFd = 1000;

  constructor(image?: DiskImage) {
    this.#files = image?.files ?? new Map();
    this.#folders = image?.folders ?? new Map([[0, new Map()]]);
    this.#nextNode = Math.max(0, ...this.#files.keys(), ...this.#folders.keys()) + 1;
    this.fs = this.#makeFs();
  }

  /** Bytes of the files that have a name. */
  get usedBytes(): number {
    let sum = 0;
    for (const names of this.#folders.values()) {
      for (const node of names.values()) sum += this.#files.get(node)?.length ?? 0;
    }
    return sum;
  }

  /** Paths of all files below `dir`, sorted. */
  filesBelow(dir: string): string[] {
    const found: string[] = [];
    for (const name of [...this.#folder(dir).keys()].sort()) {
      const path = `${dir}/${name}`;
      if (this.#folders.has(this.#find(path) ?? -1)) found.push(...this.filesBelow(path));
      else found.push(path);
    }
    return found;
  }

  /** Changes a file behind the program's back. */
  corrupt(path: string, change: (bytes: Uint8Array) => Uint8Array): void {
    const node = this.#node(path, "open");
    this.#files.set(node, change(this.#files.get(node)!.slice()));
  }

  /** A disk with the same content and no history. */
  copy(): MemoryDisk {
    return new MemoryDisk({
      files: new Map([...this.#files].map(([node, bytes]) => [node, bytes.slice()])),
      folders: new Map([...this.#folders].map(([node, names]) => [node, new Map(names)])),
    });
  }

  /** The node of a path, for those who read `steps`; undefined where there is none. */
  nodeOf(path: string): NodeId | undefined {
    return this.#find(path);
  }

  #step(step: DiskStep): void {
    this.onStep?.(step);
    this.steps.push(step);
  }

  #makeFs(): FileSystem {
    const fs = {
      openSync: (path: string, flags = "r") => this.#openFile(path, flags),
      closeSync: (fd: number) => {
        this.#fd(fd);
        this.#open.delete(fd);
      },
      readSync: (fd: number, into: Uint8Array, offset: number, length: number, at: number | null) =>
        this.#read(fd, into.subarray(offset, offset + length), at),
      writeSync: (fd: number, bytes: Uint8Array, offset = 0, length = bytes.length, at?: number) =>
        this.#write(fd, bytes.subarray(offset, offset + length), at),
      ftruncateSync: (fd: number, size: number) => {
        const { node } = this.#fd(fd);
        this.#step({ kind: "truncate", node, size });
        this.#files.set(node, resize(this.#files.get(node)!, size));
      },
      fsyncSync: (fd: number) => {
        const { node } = this.#fd(fd);
        this.#step({ kind: "fsync", node, position: this.steps.length });
      },
      fsync: (fd: number, done: (error: Error | null) => void) => {
        const { node } = this.#fd(fd);
        const position = this.steps.length;
        // Later than the call, as on a real disk: what is written meanwhile is not covered.
        setImmediate(() => {
          this.#step({ kind: "fsync", node, position });
          done(null);
        });
      },
      existsSync: (path: string) => this.#find(path) !== undefined,
      statSync: (path: string) => ({
        size: this.#files.get(this.#node(path, "stat"))?.length ?? 0,
      }),
      fstatSync: (fd: number) => ({ size: this.#files.get(this.#fd(fd).node)?.length ?? 0 }),
      readdirSync: (path: string) => [...this.#folder(path).keys()].sort(),
      readFileSync: (path: string, encoding?: string) => {
        const bytes = this.#files.get(this.#node(path, "open"));
        if (bytes === undefined) throw failure("EISDIR", `read ${path}`);
        return encoding === undefined ? bytes.slice() : Buffer.from(bytes).toString("utf8");
      },
      writeFileSync: (path: string, content: string | Uint8Array) => {
        const fd = this.#openFile(path, "w");
        const bytes = typeof content === "string" ? Buffer.from(content) : content;
        for (let at = 0; at < bytes.length; ) at += this.#write(fd, bytes.subarray(at), at);
        this.#open.delete(fd);
      },
      copyFileSync: (from: string, to: string) => fs.writeFileSync(to, fs.readFileSync(from)),
      mkdirSync: (path: string) => this.#makeFolder(path),
      renameSync: (from: string, to: string) => {
        const node = this.#node(from, "rename");
        const target = this.#folders.get(this.#find(to) ?? -1);
        if (target !== undefined && target.size > 0) throw failure("ENOTEMPTY", `rename ${to}`);
        this.#rename([
          { ...this.#place(from), node: undefined },
          { ...this.#place(to), node },
        ]);
      },
      linkSync: (from: string, to: string) => {
        if (this.#find(to) !== undefined) throw failure("EEXIST", `link ${to}`);
        this.#rename([{ ...this.#place(to), node: this.#node(from, "link") }]);
      },
      unlinkSync: (path: string) => {
        this.#node(path, "unlink");
        this.#rename([{ ...this.#place(path), node: undefined }]);
      },
      rmSync: (path: string, options?: { readonly force?: boolean }) => {
        if (this.#find(path) === undefined && options?.force === true) return;
        this.#remove(path);
      },
    };
    // Overloads and options that storage does not use are not there.
    return fs as unknown as FileSystem;
  }

  #openFile(path: string, flags: string): number {
    let node = this.#find(path);
    if (flags === "wx" && node !== undefined) throw failure("EEXIST", `open ${path}`);
    if (node === undefined) {
      if (flags.startsWith("r")) throw failure("ENOENT", `open ${path}`);
      if (this.usedBytes >= this.capacityBytes) throw failure("ENOSPC", `open ${path}`);
      node = this.#nextNode++;
      const place = this.#place(path);
      this.#step({ kind: "make", node, isFolder: false });
      this.#files.set(node, new Uint8Array(0));
      this.#rename([{ ...place, node }]);
    } else if (flags === "w") {
      this.#step({ kind: "truncate", node, size: 0 });
      this.#files.set(node, new Uint8Array(0));
    }
    const fd = this.#nextFd++;
    this.#open.set(fd, { node, at: 0 });
    return fd;
  }

  #read(fd: number, into: Uint8Array, at: number | null): number {
    const file = this.#fd(fd);
    const bytes = this.#files.get(file.node)!;
    const from = at ?? file.at;
    const count = Math.max(0, Math.min(into.length, bytes.length - from));
    into.set(bytes.subarray(from, from + count));
    if (at === null) file.at += count;
    return count;
  }

  /** As the kernel: what fits is written, and only a write of which nothing fits fails. */
  #write(fd: number, bytes: Uint8Array, position?: number): number {
    const file = this.#fd(fd);
    const content = this.#files.get(file.node)!;
    const at = position ?? file.at;
    let count = bytes.length;
    if (at + count > content.length && this.capacityBytes !== Number.POSITIVE_INFINITY) {
      const room = Math.max(0, this.capacityBytes - this.usedBytes);
      count = Math.max(0, Math.min(count, content.length - at + room));
      if (count === 0 && bytes.length > 0) throw failure("ENOSPC", "write");
    }
    const written = bytes.slice(0, count);
    this.#step({ kind: "write", node: file.node, at, bytes: written });
    this.#files.set(file.node, overwrite(content, at, written));
    file.at = at + count;
    return count;
  }

  #makeFolder(path: string): void {
    if (this.#find(path) !== undefined) return;
    const parent = path.slice(0, path.lastIndexOf("/"));
    if (parent !== "") this.#makeFolder(parent);
    const node = this.#nextNode++;
    this.#step({ kind: "make", node, isFolder: true });
    this.#folders.set(node, new Map());
    this.#rename([{ ...this.#place(path), node }]);
  }

  #remove(path: string): void {
    const names = this.#folders.get(this.#node(path, "rm"));
    if (names !== undefined) for (const name of [...names.keys()]) this.#remove(`${path}/${name}`);
    this.#rename([{ ...this.#place(path), node: undefined }]);
  }

  #rename(changes: readonly NameChange[]): void {
    this.#step({ kind: "names", changes });
    for (const { folder, name, node } of changes) {
      if (node === undefined) this.#folders.get(folder)!.delete(name);
      else this.#folders.get(folder)!.set(name, node);
    }
  }

  #fd(fd: number): OpenFile {
    const file = this.#open.get(fd);
    if (file === undefined) throw failure("EBADF", `descriptor ${fd}`);
    return file;
  }

  #place(path: string): { readonly folder: NodeId; readonly name: string } {
    const cut = path.lastIndexOf("/");
    const folder = this.#find(path.slice(0, cut));
    if (folder === undefined || !this.#folders.has(folder)) throw failure("ENOENT", path);
    return { folder, name: path.slice(cut + 1) };
  }

  #folder(path: string): Map<string, NodeId> {
    const names = this.#folders.get(this.#node(path, "scandir"));
    if (names === undefined) throw failure("ENOTDIR", `scandir ${path}`);
    return names;
  }

  #node(path: string, what: string): NodeId {
    const node = this.#find(path);
    if (node === undefined) throw failure("ENOENT", `${what} ${path}`);
    return node;
  }

  #find(path: string): NodeId | undefined {
    let node: NodeId | undefined = 0;
    for (const name of path.split("/")) {
      if (name === "") continue;
      node = this.#folders.get(node)?.get(name);
      if (node === undefined) return undefined;
    }
    return node;
  }
}

function failure(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}
