/**
 * The child process that is the laboratory. Waits for one start message of its parent, answers ready
 * or failed, sends its log over the same channel, and ends on SIGTERM or when the parent is gone.
 */

import { systemClock } from "../base/clock.ts";
import { AppError, errorMessage } from "../base/errors.ts";
import type { LogFields, Logger } from "../base/logger.ts";
import { type ControlServer, startControlServer } from "./control/control-server.ts";
import type { ChildMessage, StartMessage } from "./control/control-wire.ts";
import { ciliumVersions } from "./lab-state.ts";
import { checkCiliumVersion, type Laboratory, startLaboratory } from "./laboratory.ts";
import { loadScene } from "./scenes/scene-file.ts";

/** The end must come, even when a socket does not close. */
const stopTimeoutMs = 1500;

function send(message: ChildMessage): void {
  if (process.connected) process.send?.(message);
}

function ipcLogger(more: LogFields = {}): Logger {
  const log =
    (level: "debug" | "info" | "warn" | "error") => (fields: LogFields, message: string) =>
      send({ kind: "log", level, fields: { ...more, ...fields }, message });
  return {
    debug: log("debug"),
    info: log("info"),
    warn: log("warn"),
    error: log("error"),
    child: (fields) => ipcLogger({ ...more, ...fields }),
  };
}

/** The child's life. */
class LabProcess {
  readonly #logger = ipcLogger();
  #laboratory: Laboratory | undefined;
  #control: ControlServer | undefined;
  #isStopping = false;

  async start(message: StartMessage): Promise<void> {
    try {
      this.#laboratory = await startLaboratory({
        scene: loadScene(message.sceneName),
        ciliumVersion: checkCiliumVersion(message.ciliumVersion, ciliumVersions),
        clock: systemClock,
        logger: this.#logger,
        seed: message.seed,
        addressBase: message.addressBase,
        isEphemeral: false,
        hasTraffic: true,
        labDir: message.labDir,
        onProgress: (endpointCount) => send({ kind: "starting", endpointCount }),
        ...(message.hubbleMetrics === undefined ? {} : { hubbleMetrics: message.hubbleMetrics }),
      });
      this.#control = await startControlServer(this.#laboratory, message.token);
      const { endpointUrls, relays, notes } = this.#laboratory;
      send({ kind: "ready", controlPort: this.#control.port, endpointUrls, relays, notes });
    } catch (thrown) {
      const code = thrown instanceof AppError ? thrown.code : "internal";
      send({
        kind: "failed",
        code,
        message: thrown instanceof AppError ? thrown.message : stackOf(thrown),
      });
      this.stop(1);
    }
  }

  stop(exitCode: number): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    systemClock.after(stopTimeoutMs, () => process.exit(exitCode));
    const closing = async (): Promise<void> => {
      await this.#control?.close();
      await this.#laboratory?.stop();
    };
    closing().then(
      () => process.exit(exitCode),
      () => process.exit(1),
    );
  }

  crash(thrown: unknown): void {
    this.#logger.error({ error: stackOf(thrown) }, "the laboratory met a bug and ends");
    this.stop(1);
  }
}

function stackOf(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : errorMessage(thrown);
}

const life = new LabProcess();
process.on("message", (message: StartMessage) => {
  if (message.kind !== "start") return;
  life.start(message).catch((thrown: unknown) => life.crash(thrown));
});
process.on("disconnect", () => life.stop(0));
process.on("SIGTERM", () => life.stop(0));
// Ctrl-C reaches the whole group of a terminal; the parent decides when this process ends.
process.on("SIGINT", () => {});
process.on("SIGHUP", () => {});
process.on("uncaughtException", (thrown) => life.crash(thrown));
process.on("unhandledRejection", (thrown) => life.crash(thrown));
