/** What an app test is: a real process (or several) on loopback, spoken to as users do. */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** One test; its file is listed in run.ts. */
export interface AppTest {
  readonly name: string;
  /** Throws where something is not as it should be. */
  run(context: AppTestContext): Promise<void>;
}

/** A process started by a test; ended when the test ends. */
export interface RunningProgram {
  readonly child: ChildProcess;
  /** All it wrote so far. */
  output(): string;
  /** Waits for a line that matches; fails when the process ends first or `timeoutMs` passes. */
  waitForLine(pattern: RegExp, timeoutMs?: number): Promise<RegExpMatchArray>;
  /** Sends a signal and waits for the end; returns the exit code (null: ended by the signal). */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  waitForExit(timeoutMs?: number): Promise<number | null>;
}

/** A server that is ready. */
export interface RunningServer {
  readonly program: RunningProgram;
  /** Without a slash at its end. */
  readonly url: string;
}

/** A demo that is ready. */
export interface RunningDemo extends RunningServer {
  /** `performance.now()` when it said so. */
  readonly readyMs: number;
}

/** Folder of the project. */
export const projectDir = resolve(import.meta.dirname, "..");
const programFile = join(projectDir, "bin", "ciliascope");
const lineTimeoutMs = 30_000;
/** A laboratory on a busy machine takes longer than a server. */
const demoTimeoutMs = 90_000;

/** What a test may use; everything it opens is closed by `close`. */
export class AppTestContext {
  readonly #cleanups: (() => Promise<void> | void)[] = [];

  /** An empty folder, removed at the end. */
  tempDir(): string {
    const dir = mkdtempSync(join(tmpdir(), "ciliascope-apptest-"));
    this.onClose(() => rmSync(dir, { recursive: true, force: true }));
    return dir;
  }

  onClose(cleanup: () => Promise<void> | void): void {
    this.#cleanups.push(cleanup);
  }

  /** Starts `ciliascope ARGS` as built in dist/. */
  startProgram(args: readonly string[], options: { readonly cwd?: string } = {}): RunningProgram {
    return this.startCommand(process.execPath, [programFile, ...args], options);
  }

  /** Starts `ciliascope server ARGS` on a free port, or on the one that is given. */
  async startServer(args: readonly string[], port?: number): Promise<RunningServer> {
    const address = `127.0.0.1:${port ?? (await freePort())}`;
    const program = this.startProgram(["server", "--listen", address, ...args]);
    await program.waitForLine(/^ready /m);
    return { program, url: `http://${address}` };
  }

  /** Starts the demo on an empty folder and a free port. */
  async startDemo(): Promise<RunningDemo> {
    const address = `127.0.0.1:${await freePort()}`;
    const folder = join(this.tempDir(), "data");
    const program = this.startProgram(["demo", "--data-dir", folder, "--listen", address]);
    await program.waitForLine(/^ready http/m, demoTimeoutMs);
    return { program, url: `http://${address}`, readyMs: performance.now() };
  }

  /** Starts any command. */
  startCommand(
    command: string,
    args: readonly string[],
    options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
  ): RunningProgram {
    const child = spawn(command, [...args], {
      cwd: options.cwd ?? projectDir,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const running = new ChildProgram(child, `${command} ${args.join(" ")}`);
    this.onClose(async () => {
      await running.stop("SIGKILL");
    });
    return running;
  }

  /** As the function of this name. */
  freePort(): Promise<number> {
    return freePort();
  }

  async close(): Promise<void> {
    for (const cleanup of this.#cleanups.reverse()) await cleanup();
  }
}

/** A free port of 127.0.0.1 (free when asked; the test takes it at once). */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

class ChildProgram implements RunningProgram {
  readonly child: ChildProcess;
  readonly #what: string;
  #output = "";
  #exit: Promise<number | null>;
  #hasExited = false;

  constructor(child: ChildProcess, what: string) {
    this.child = child;
    this.#what = what;
    child.stdout?.on("data", (piece) => {
      this.#output += String(piece);
    });
    child.stderr?.on("data", (piece) => {
      this.#output += String(piece);
    });
    this.#exit = new Promise((done) => {
      child.once("error", (thrown) => {
        this.#output += `${thrown.message}\n`;
        this.#hasExited = true;
        done(-1);
      });
      child.once("close", (code) => {
        this.#hasExited = true;
        done(code);
      });
    });
  }

  output(): string {
    return this.#output;
  }

  async waitForLine(pattern: RegExp, timeoutMs = lineTimeoutMs): Promise<RegExpMatchArray> {
    const line = await poll(() => {
      const match = pattern.exec(this.#output);
      if (match === null && this.#hasExited)
        throw new Error(`${this.#what} ended:\n${this.#output}`);
      return match ?? undefined;
    }, timeoutMs);
    if (line === undefined)
      throw new Error(`${this.#what} did not say ${pattern}:\n${this.#output}`);
    return line;
  }

  async waitForExit(timeoutMs = lineTimeoutMs): Promise<number | null> {
    const hasEnded = await poll(() => (this.#hasExited ? true : undefined), timeoutMs);
    if (hasEnded === undefined) throw new Error(`${this.#what} did not end:\n${this.#output}`);
    return await this.#exit;
  }

  async stop(signal: NodeJS.Signals = "SIGINT"): Promise<number | null> {
    if (!this.#hasExited) this.child.kill(signal);
    return await this.waitForExit();
  }
}

/** Asks `probe` every 50 ms until it gives something; undefined when the time is over. */
export async function poll<T>(
  probe: () => T | undefined | Promise<T | undefined>,
  timeoutMs = 20_000,
): Promise<T | undefined> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (performance.now() > endMs) return undefined;
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** Fails with what was wanted and what came. */
export function expectEqual(actual: unknown, wanted: unknown, what: string): void {
  const have = JSON.stringify(actual);
  const want = JSON.stringify(wanted);
  if (have !== want) throw new Error(`${what}: want ${want}, have ${have}`);
}

/** Fails unless `text` matches. */
export function expectMatch(text: string, pattern: RegExp, what: string): void {
  if (!pattern.test(text)) throw new Error(`${what}: want ${pattern}, have ${text.slice(0, 600)}`);
}

/** The value of the first sample of an instant query, or undefined where the answer is empty. */
export async function queryValue(baseUrl: string, query: string): Promise<number | undefined> {
  const answer = await fetch(`${baseUrl}/api/v1/query?query=${encodeURIComponent(query)}`);
  const body = (await answer.json()) as { data?: { result?: { value?: [number, string] }[] } };
  const value = body.data?.result?.[0]?.value?.[1];
  return value === undefined ? undefined : Number(value);
}

/** Waits until the query's first value satisfies `isEnough`. */
export async function waitForValue(
  baseUrl: string,
  query: string,
  isEnough: (value: number) => boolean,
  timeoutMs = 20_000,
): Promise<number> {
  let last: number | undefined;
  const found = await poll(async () => {
    last = await queryValue(baseUrl, query);
    return last !== undefined && isEnough(last) ? last : undefined;
  }, timeoutMs);
  if (found === undefined) throw new Error(`${query}: not reached, last value ${last}`);
  return found;
}
