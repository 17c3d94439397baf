/** From the start of the process to `ready`, on an empty directory. */

import { join } from "node:path";
import { AppTestContext } from "../apptest/app-test.ts";

/** Milliseconds of each start. */
export async function benchStart(runs: number): Promise<number[]> {
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    const context = new AppTestContext();
    try {
      const data = join(context.tempDir(), "data");
      const startedMs = performance.now();
      const program = context.startProgram([
        "server",
        "--data-dir",
        data,
        "--listen",
        "127.0.0.1:0",
        "--log.level",
        "error",
      ]);
      await new Promise<void>((resolve, reject) => {
        program.child.stdout?.on("data", (piece) => {
          if (/^ready /m.test(String(piece))) resolve();
        });
        program.child.once("close", () => reject(new Error(program.output())));
      });
      times.push(performance.now() - startedMs);
      await program.stop();
    } finally {
      await context.close();
    }
  }
  return times;
}
