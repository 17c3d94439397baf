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

/** A page and what went wrong on it. */
export interface WatchedPage {
  readonly page: Page;
  /** Uncaught errors and console errors, one line each. */
  readonly troubles: readonly string[];
}

/** Starts the browser; it ends with the test. */
export async function openBrowser(context: AppTestContext): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: chromiumFile, args: flags });
  context.onClose(() => browser.close());
  return browser;
}

/** A new page of its own context. */
export async function openPage(
  browser: Browser,
  options: { readonly theme: "dark" | "light"; readonly width?: number; readonly height?: number },
): Promise<WatchedPage> {
  const { theme, width = 1440, height = 900 } = options;
  const session = await browser.newContext({ viewport: { width, height }, colorScheme: theme });
  const page = await session.newPage();
  const troubles: string[] = [];
  page.on("pageerror", (thrown) => troubles.push(`uncaught: ${thrown.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") troubles.push(`console: ${message.text()}`);
  });
  return { page, troubles };
}

/** Saves a picture under apptest-output/ for people to look at. */
export async function takePicture(page: Page, name: string): Promise<void> {
  const dir = join(projectDir, "apptest-output");
  mkdirSync(dir, { recursive: true });
  await page.screenshot({ path: join(dir, `${name}.png`) });
}
