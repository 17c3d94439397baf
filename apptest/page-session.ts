/**
 * The tests of the pages share one demo and one browser: each is a step that opens pages of its own,
 * which are closed after it. A page that says an error, or breaks the content security policy, fails
 * its step.
 */

import type { Browser } from "playwright-core";
import { type AppTestContext, expectEqual, poll } from "./app-test.ts";
import {
  openBrowser,
  openPage,
  type PageOptions,
  takePicture,
  type WatchedPage,
} from "./browser.ts";

const waitMs = 60_000;

/** What a step gets: a running demo, and pages of a browser. */
export interface PageSession {
  /** Of the demo, without a slash at its end. */
  readonly url: string;
  /** `performance.now()` when the demo said that it is ready. */
  readonly readyMs: number;
  open(options: PageOptions): Promise<WatchedPage>;
}

/** The checks of one page or a few. */
export interface PageStep {
  readonly name: string;
  /** Errors that the step brings about itself; all others fail it. */
  readonly tolerated?: RegExp;
  run(session: PageSession): Promise<void>;
}

/** Starts a demo and runs every step on it, the failed ones too; throws what failed. */
export async function runPageSteps(
  context: AppTestContext,
  steps: readonly PageStep[],
): Promise<void> {
  const started = await context.startDemo();
  const browser = await openBrowser(context);
  const failures: string[] = [];
  for (const step of steps) {
    const stepMs = performance.now();
    const failure = await runStep(step, browser, started);
    const seconds = ((performance.now() - stepMs) / 1000).toFixed(1);
    console.log(`    ${failure === undefined ? "ok  " : "FAIL"} ${step.name} (${seconds} s)`);
    if (failure !== undefined) failures.push(`${step.name}: ${failure}`);
  }
  if (failures.length > 0) throw new Error(failures.join("\n"));
}

async function runStep(
  step: PageStep,
  browser: Browser,
  started: Pick<PageSession, "url" | "readyMs">,
): Promise<string | undefined> {
  const opened: WatchedPage[] = [];
  const open = async (options: PageOptions) => {
    const watched = await openPage(browser, options);
    opened.push(watched);
    return watched;
  };
  const troubles = () =>
    opened.flatMap((one) => one.troubles).filter((line) => step.tolerated?.test(line) !== true);
  try {
    await step.run({ ...started, open });
    expectEqual(troubles(), [], `errors of the pages`);
    return undefined;
  } catch (thrown) {
    for (const [index, { page }] of opened.entries()) {
      if (!page.isClosed())
        await takePicture(page, `failed-${step.name}-${index}`).catch(() => undefined);
    }
    const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    return [text, ...troubles()].join("\n");
  } finally {
    for (const { page } of opened) await page.context().close();
  }
}

/** Waits until the probe comes true; fails with `what` after a minute. */
export async function waitUntil(
  probe: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = waitMs,
): Promise<void> {
  const found = await poll(async () => ((await probe()) ? true : undefined), timeoutMs);
  expectEqual(found, true, what);
}
