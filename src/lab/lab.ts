/**
 * Starts the laboratory in a child process of its own and looks after it: passes its log on, writes
 * run.json, and knows when it ends. The child ends with its parent.
 */

import { type ChildProcess, fork } from "node:child_process";
import { randomBytes, randomInt } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock } from "../base/clock.ts";
import { type ErrorCode, errorCodes } from "../base/error-codes.ts";
import { AppError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { labAddressDefault } from "./component-servers.ts";
import type { ChildMessage, StartMessage } from "./control/control-wire.ts";
import { removeRunFile, writeRunFile } from "./control/run-file.ts";
import type { LabRelay } from "./hubble-api/hubble-servers.ts";
import type { LabEndpointUrl } from "./laboratory.ts";

export type { LabRelay } from "./hubble-api/hubble-servers.ts";
export type { LabEndpointUrl } from "./laboratory.ts";

/** The child must be ready, or a piece further with its start, within this time, and gone within that. */
const startTimeoutMs = 60_000;
const stopTimeoutMs = 2000;

/** How the laboratory is started. */
export interface StartLabOptions {
  readonly dataDir: string;
  /** Whose metric names: 1.6, 1.9, 1.16, 1.19. */
  readonly ciliumVersion: string;
  readonly logger: Logger;
  /** Name of a scene or a file; "star-wars" unless told. */
  readonly scene?: string;
  /** `hubble.metrics.enabled`, one handler an item; default: what the chart's dashboards ask for. */
  readonly hubbleMetrics?: readonly string[];
  /** First three numbers of the nodes' loopback addresses; "127.10.0" unless told. */
  readonly address?: string;
  /** Who holds a port, for the message when one is taken: "prometheus (pid 4711)". */
  readonly findPortHolder?: (port: number) => string | undefined;
}

/** Why the laboratory ended. */
export interface LabExit {
  readonly reason: string;
}

/** A running laboratory. */
export interface LabHandle {
  readonly pid: number;
  /** What can be scraped. */
  readonly endpoints: readonly LabEndpointUrl[];
  /** Hubble Relays, one a cluster. */
  readonly relays: readonly LabRelay[];
  /** Sentences for the user: where addresses differ from the usual. */
  readonly notes: readonly string[];
  /** Resolves when the child has ended, for whatever reason. */
  readonly exited: Promise<LabExit>;
  /** Ends the child within two seconds; may be called twice. */
  stop(): Promise<void>;
}

/** Starts the child; resolves when its servers answer. Throws AppError (`address_in_use`, `usage`…). */
export async function startLab(options: StartLabOptions): Promise<LabHandle> {
  const { dataDir, logger } = options;
  const address = options.address ?? labAddressDefault;
  if (!/^127(\.(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])){2}$/.test(address)) {
    throw new AppError(
      "usage",
      `cannot use lab address ${JSON.stringify(address)}: want three numbers of a loopback address, as in 127.10.0`,
    );
  }
  const labDir = join(dataDir, "lab");
  mkdirSync(labDir, { recursive: true });
  const token = randomBytes(32).toString("hex");
  const child = fork(childPath(), [], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const exited = watchExit(child);
  const ready = waitForReady(child, exited, options);
  const start: StartMessage = {
    kind: "start",
    sceneName: options.scene ?? "star-wars",
    ...(options.hubbleMetrics === undefined ? {} : { hubbleMetrics: options.hubbleMetrics }),
    ciliumVersion: options.ciliumVersion,
    addressBase: address,
    labDir,
    seed: randomInt(2 ** 32),
    token,
  };
  child.send(start);
  const { controlPort, endpointUrls, relays, notes } = await ready.catch(
    async (thrown: unknown) => {
      await stopChild(child, exited);
      throw thrown;
    },
  );
  const labPid = child.pid ?? 0;
  writeRunFile(dataDir, {
    pid: process.pid,
    labPid,
    startedMs: systemClock.nowMs(),
    ciliumVersion: options.ciliumVersion,
    controlUrl: `http://127.0.0.1:${controlPort}`,
    token,
    endpoints: endpointUrls,
  });
  logger.info({ pid: labPid, version: options.ciliumVersion }, "the laboratory runs");
  const cleanedUp = exited.then((exit) => {
    removeRunFile(dataDir, labPid);
    return exit;
  });
  return {
    pid: labPid,
    endpoints: endpointUrls,
    relays,
    notes,
    exited: cleanedUp,
    stop: async () => {
      await stopChild(child, exited);
      await cleanedUp;
    },
  };
}

/** Beside this file: TypeScript in a checkout, JavaScript in dist/. */
function childPath(): string {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return fileURLToPath(new URL(`./lab-process.${extension}`, import.meta.url));
}

function watchExit(child: ChildProcess): Promise<LabExit> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) =>
      resolve({ reason: signal === null ? `exit code ${code}` : `signal ${signal}` }),
    );
    child.once("error", (error) => resolve({ reason: error.message }));
  });
}

function waitForReady(
  child: ChildProcess,
  exited: Promise<LabExit>,
  { logger, findPortHolder }: StartLabOptions,
): Promise<Extract<ChildMessage, { kind: "ready" }>> {
  return new Promise((resolve, reject) => {
    let endpointCount = 0;
    const giveUp = (): void => {
      const far = endpointCount === 0 ? "" : ` (${endpointCount} endpoints were there)`;
      const seconds = startTimeoutMs / 1000;
      const late = `the laboratory was not ready within ${seconds} s${far}`;
      reject(new AppError("unreachable", late));
    };
    let cancel = systemClock.after(startTimeoutMs, giveUp);
    child.on("message", (message: ChildMessage) => {
      if (message.kind === "starting") {
        // A large scene on a busy machine takes minutes: it is given time while it gets on.
        endpointCount = message.endpointCount;
        cancel();
        cancel = systemClock.after(startTimeoutMs, giveUp);
        return;
      }
      if (message.kind === "log") {
        logger[message.level](message.fields, message.message);
        return;
      }
      cancel();
      if (message.kind === "ready") resolve(message);
      else
        reject(
          new AppError(toErrorCode(message.code), withHolder(message.message, findPortHolder)),
        );
    });
    exited.then(({ reason }) => {
      cancel();
      reject(new AppError("unreachable", `the laboratory ended before it was ready: ${reason}`));
    }, reject);
  });
}

/** A bug of the child has a code that is none of the table's. */
function toErrorCode(code: string): ErrorCode {
  return Object.hasOwn(errorCodes, code) ? (code as ErrorCode) : "unreachable";
}

function withHolder(message: string, findPortHolder: StartLabOptions["findPortHolder"]): string {
  const port = /^cannot listen on [\d.]+:(\d+)/.exec(message)?.[1];
  const holder = port === undefined ? undefined : findPortHolder?.(Number(port));
  return holder === undefined ? message : `${message} (the port is held by ${holder})`;
}

/** Asks the child to end, then makes it. */
async function stopChild(child: ChildProcess, exited: Promise<LabExit>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  const cancel = systemClock.after(stopTimeoutMs, () => child.kill("SIGKILL"));
  await exited;
  cancel();
}
