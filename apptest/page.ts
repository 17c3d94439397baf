/**
 * The page in a real browser: first light within 20 s of `ready`, time to the first drawn panel,
 * Explore with completion and an error, Targets, the palette by keyboard.
 */

import type { Page } from "playwright-core";
import { expectMatch, poll } from "./app-test.ts";
import { takePicture } from "./browser.ts";
import { type PageStep, waitUntil } from "./page-session.ts";

const firstLightMs = 20_000;

export const pageStep: PageStep = {
  name: "page",
  // The broken query of Explore is answered with it, which the browser reports.
  tolerated: /status of 400/,
  async run({ url, readyMs, open }) {
    const { page } = await open({ theme: "dark" });
    await expectFirstLight(page, url, readyMs);
    await expectExplore(page, url);
    await expectTargets(page, url);
    await expectKeyboard(page, url);
  },
};

async function expectFirstLight(page: Page, url: string, readyMs: number): Promise<void> {
  const navigatedMs = performance.now();
  await page.goto(url);
  await page.waitForSelector("article.panel canvas", { timeout: firstLightMs });
  const firstPanelMs = performance.now() - navigatedMs;
  const loadedBytes = await page.evaluate(() =>
    [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
      .filter((entry) => !entry.name.includes("/api/"))
      .reduce((sum, entry) => sum + (entry as PerformanceResourceTiming).encodedBodySize, 0),
  );
  const isLit = await poll(
    async () => {
      const text = await page.locator("main").innerText();
      const hasDrops = /xwing/.test(text) && /Policy denied|POLICY_DENIED/.test(text);
      const hasDenials = /tiefighter/.test(text) && /403|denied/.test(text);
      return hasDrops && hasDenials ? true : undefined;
    },
    firstLightMs - (performance.now() - readyMs),
  );
  const sinceReadyMs = performance.now() - readyMs;
  if (isLit === undefined) {
    throw new Error(
      `no drops of xwing and denials of tiefighter ${sinceReadyMs.toFixed(0)} ms after ready:\n${await page.locator("main").innerText()}`,
    );
  }
  console.log(
    `      first panel drawn ${firstPanelMs.toFixed(0)} ms after navigation, ${(loadedBytes / 1000).toFixed(0)} kB loaded by then; drops and denials ${(sinceReadyMs / 1000).toFixed(1)} s after ready`,
  );
}

async function expectExplore(page: Page, url: string): Promise<void> {
  const query = encodeURIComponent("sum by (reason) (rate(cilium_drop_count_total[1m]))");
  await page.goto(`${url}/explore?q=${query}&from=now-5m&to=now`);
  await page.waitForSelector("main canvas");
  await waitUntil(
    async () => /Policy denied/.test(await page.locator("main").innerText()),
    "legend of Explore",
  );
  await takePicture(page, "explore-dark");

  const editor = page.locator(".cm-content").first();
  await editor.click();
  await page.keyboard.press("Control+a");
  await page.keyboard.type("hubble_dr");
  await page.waitForSelector(".cm-tooltip-autocomplete");
  expectMatch(
    await page.locator(".cm-tooltip-autocomplete").innerText(),
    /hubble_drop_total/,
    "completion from the live server",
  );
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+a");
  await page.keyboard.type("rate(up)");
  await page.keyboard.press("Control+Enter");
  await waitUntil(
    async () => /expected .*range vector/i.test(await page.locator("main").innerText()),
    "Explore says what is wrong with a broken query",
  );
}

async function expectTargets(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/targets`);
  const text = await poll(async () => {
    const shown = await page.locator("main").innerText();
    return /cilium-agent/.test(shown) && /hubble/.test(shown) ? shown : undefined;
  });
  expectMatch(text ?? "", /cilium-operator/, "pools on the Targets page");
  await takePicture(page, "targets-dark");
}

async function expectKeyboard(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/targets`);
  await page.waitForSelector("main");
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.type("explore");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/explore/);
  await page.keyboard.press("Escape");
  await page.locator("body").click({ position: { x: 5, y: 5 } });
}
