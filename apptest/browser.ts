/** Debian's Chromium, driven by playwright-core, with nothing of the outside world. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { type AppTestContext, projectDir } from "./app-test.ts";

const chromiumFile = "/usr/bin/chromium";
const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
/** Two cores shared with a demo: a step that takes longer than this hangs. */
const stepTimeoutMs = 60_000;

/** A page and what went wrong on it. */
export interface WatchedPage {
  readonly page: Page;
  /** Uncaught errors, console errors and violations of the content security policy, one line each. */
  readonly troubles: readonly string[];
}

/** How a page is opened. */
export interface PageOptions {
  readonly theme: "dark" | "light";
  readonly width?: number;
  readonly height?: number;
}

/** Starts the browser; it ends with the test. */
export async function openBrowser(context: AppTestContext): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: chromiumFile,
    args: flags,
    timeout: stepTimeoutMs,
  });
  context.onClose(() => browser.close());
  return browser;
}

/** A new page of its own context. */
export async function openPage(browser: Browser, options: PageOptions): Promise<WatchedPage> {
  const { theme, width = 1440, height = 900 } = options;
  const session = await browser.newContext({ viewport: { width, height }, colorScheme: theme });
  session.setDefaultTimeout(stepTimeoutMs);
  const troubles: string[] = [];
  await session.exposeFunction("tellViolation", (text: string) => troubles.push(text));
  await session.addInitScript(() => {
    const { tellViolation } = globalThis as unknown as { tellViolation(text: string): void };
    document.addEventListener("securitypolicyviolation", (event) =>
      tellViolation(`CSP: ${event.violatedDirective} refused ${event.blockedURI} ${event.sample}`),
    );
  });
  const page = await session.newPage();
  page.on("pageerror", (thrown) => troubles.push(`uncaught: ${thrown.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") troubles.push(`console: ${message.text()}`);
  });
  page.on("dialog", (dialog) => {
    troubles.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return { page, troubles };
}

/** Saves a picture under apptest-output/ for people to look at. */
export async function takePicture(page: Page, name: string): Promise<void> {
  const dir = join(projectDir, "apptest-output");
  mkdirSync(dir, { recursive: true });
  await page.screenshot({ path: join(dir, `${name}.png`) });
}
