/**
 * The shell and the pages of the server in a real browser, on one demo: the overview's sentence with
 * its ways on and its report, the time rail by keyboard and wheel, the gauge; alerts, cardinality,
 * settings and targets; axe on each, no console error, pictures kept.
 */

import type { Page } from "playwright-core";
import { expectEqual, expectMatch, poll } from "./app-test.ts";
import { expectAccessible } from "./axe.ts";
import { takePicture } from "./browser.ts";
import type { PageStep } from "./page-session.ts";

/** The laboratory's first drops and denials, and what policies say of them, come within this time. */
const toldMs = 60_000;

export const pageOverviewStep: PageStep = {
  name: "page-overview",
  async run({ url, open }) {
    const dark = await open({ theme: "dark" });
    await dark.page
      .context()
      .grantPermissions(["clipboard-read", "clipboard-write"], { origin: url });
    await expectSettings(dark.page, url);
    await expectOverview(dark.page);
    await expectRail(dark.page);
    await expectCardinality(dark.page, url);
    const light = await open({ theme: "light", width: 1280, height: 800 });
    await light.page.goto(url);
    await light.page.waitForSelector(".figures");
    await expectAccessible(light.page, "the overview, light");
    await takePicture(light.page, "overview-light-1280");
    await expectAlerts(light.page, url);
  },
};

/** Sources of flows, flags; single keys can be turned off. */
async function expectSettings(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/settings`);
  await page.getByRole("heading", { name: "Sources of flows" }).waitFor();
  await page.getByText("Connected").waitFor();
  await page.getByRole("radiogroup", { name: "Single keys" }).getByText("Off").click();
  await page.keyboard.press("t");
  expectEqual(await page.getAttribute("html", "data-theme"), "dark", "theme, single keys off");
  await page.getByRole("radiogroup", { name: "Single keys" }).getByText("On").click();
  await expectAccessible(page, "settings");
  await takePicture(page, "settings-dark");
}

/** Drops and denials are told in the sentence and lead to their flows; the report holds them. */
async function expectOverview(page: Page): Promise<void> {
  const startedMs = performance.now();
  await page.keyboard.press("g");
  await page.keyboard.press("o");
  await page.waitForSelector(".figures");
  const figuresMs = performance.now() - startedMs;
  await page.waitForSelector("article.panel canvas");
  const drawnMs = performance.now() - startedMs;
  console.log(
    `      overview: figures ${figuresMs.toFixed(0)} ms, chart ${drawnMs.toFixed(0)} ms after the key`,
  );
  const sentence = page.locator(".findings-sentence");
  const told = await poll(async () => {
    const text = await sentence.innerText();
    return /xwing/.test(text) && /tiefighter/.test(text) ? text : undefined;
  }, toldMs);
  expectMatch(told ?? (await sentence.innerText()), /needs? you/, "sentence of the overview");
  const explained = await poll(async () => {
    const text = await page.locator(".pairs-table").innerText();
    return /org=empire/.test(text) ? text : undefined;
  }, toldMs);
  expectMatch(explained ?? "", /org=empire/, "the policy's word on xwing's drops");
  await page.getByRole("button", { name: "Copy as report" }).click();
  const report = await page.evaluate(() => navigator.clipboard.readText());
  expectMatch(report, /xwing/, "report");
  expectMatch(report, /\| Drops \| .*\/s \|/, "figures of the report");
  await expectAccessible(page, "the overview");
  await takePicture(page, "overview-dark");
  await page
    .getByRole("link", { name: /xwing → deathstar/ })
    .first()
    .click();
  await page.waitForURL(/\/flows\?q=/);
  await page.goBack();
  await page.waitForSelector(".figures");
}

/** The window moves by the keys of its handle, the scale by the wheel; the gauge tells nodes. */
async function expectRail(page: Page): Promise<void> {
  await page.getByRole("slider", { name: "Start of the window" }).focus();
  await page.keyboard.press("ArrowLeft");
  await page.waitForURL(/from=now-/);
  await page.locator(".rail-track").hover();
  await page.mouse.wheel(0, 100);
  await page.waitForURL(/rail=1h/);
  await page.locator("button.rail-side").click();
  await page
    .getByRole("dialog", { name: /Completeness/ })
    .getByText(/kind-worker/)
    .waitFor();
  await takePicture(page, "completeness-dark");
  await page.keyboard.press("Escape");
}

/** A metric's labels and what dropping it would save. */
async function expectCardinality(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/cardinality`);
  await page
    .getByRole("button", { name: /_bucket$/ })
    .first()
    .click();
  const drawer = page.getByRole("complementary", { name: "Metric" });
  await drawer.getByText(/action: drop/).waitFor();
  await expectAccessible(page, "cardinality");
  await takePicture(page, "cardinality-dark");
}

/** No rule is configured: said, with what it needs. */
async function expectAlerts(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/alerts`);
  await page.getByText("No rules are configured.").waitFor();
  await expectAccessible(page, "alerts");
  await takePicture(page, "alerts-light-1280");
}
