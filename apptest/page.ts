/**
 * The page in a real browser: first light within 20 s of `ready`, time to the first drawn panel,
 * Explore with completion and an error, Targets, the palette by keyboard, both themes, no errors.
 */

import { join } from "node:path";
import type { Page } from "playwright-core";
import { type AppTest, expectEqual, expectMatch, poll } from "./app-test.ts";
import { openBrowser, openPage, takePicture } from "./browser.ts";

const firstLightMs = 20_000;

export const pageTest: AppTest = {
  name: "page",
  async run(context) {
    const port = await context.freePort();
    const url = `http://127.0.0.1:${port}`;
    const demo = context.startProgram([
      "demo",
      "--data-dir",
      join(context.tempDir(), "data"),
      "--listen",
      `127.0.0.1:${port}`,
    ]);
    await demo.waitForLine(/^ready http/m);
    const readyMs = performance.now();
    const browser = await openBrowser(context);
    const { page, troubles } = await openPage(browser, { theme: "dark" });
    await expectFirstLight(page, url, readyMs);
    await takePicture(page, "overview-dark");
    await expectExplore(page, url);
    await expectTargets(page, url);
    await expectKeyboard(page, url);
    const light = await openPage(browser, { theme: "light", width: 1280, height: 720 });
    await light.page.goto(url);
    await light.page.waitForSelector("article.panel canvas");
    await light.page.waitForTimeout(2500);
    await takePicture(light.page, "overview-light-1280");
    expectEqual([...troubles, ...light.troubles].filter(isTrouble), [], "errors of the page");
  },
};

/** The broken query of the Explore test is answered with 400, which the browser reports as an error. */
function isTrouble(line: string): boolean {
  return !/status of 400/.test(line);
}

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
  await poll(async () =>
    /Policy denied/.test(await page.locator("main").innerText()) ? true : undefined,
  );
  expectMatch(await page.locator("main").innerText(), /Policy denied/, "legend of Explore");
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
  const said = await poll(async () => {
    const text = await page.locator("main").innerText();
    return /expected .*range vector/i.test(text) ? text : undefined;
  });
  if (said === undefined) throw new Error("Explore does not say what is wrong with a broken query");
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
