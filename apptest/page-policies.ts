/**
 * The policies page in a real browser: hits by line appear, a mistyped draft is underlined and mended by
 * its key, a replay says its sentence, the draft survives a reload, axe-core has nothing to say.
 */

import type { Page } from "playwright-core";
import { expectMatch } from "./app-test.ts";
import { expectAccessible } from "./axe.ts";
import { takePicture } from "./browser.ts";
import { type PageStep, waitUntil } from "./page-session.ts";

const rule1 = "/policies/CiliumNetworkPolicy/default/rule1";

export const pagePoliciesStep: PageStep = {
  name: "page-policies",
  async run({ url, open }) {
    const { page } = await open({ theme: "dark" });
    await expectHits(page, url);
    await expectAccessible(page, "policies");
    await expectMend(page, url);
    await expectReplay(page, url);
    await takePicture(page, "policies-dark");
    await expectAccessible(page, "a replayed draft");
    const light = await open({ theme: "light", width: 1280, height: 720 });
    await light.page.goto(`${url}/policies?view=matrix`);
    await light.page.waitForSelector(".matrix tbody tr");
    await takePicture(light.page, "policies-matrix-light-1280");
    await expectAccessible(light.page, "the matrix");
  },
};

async function expectHits(page: Page, url: string): Promise<void> {
  await waitUntil(async () => {
    await page.goto(url + rule1);
    await page.waitForSelector(".cm-line");
    return (await page.locator(".hit-count.is-allowed").count()) > 0;
  }, "hits beside the lines of rule1");
}

async function expectMend(page: Page, url: string): Promise<void> {
  await page.goto(`${url}${rule1}?view=draft`);
  await page.locator(".cm-line", { hasText: "fromEndpoints" }).first().click();
  await page.keyboard.press("End");
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Backspace");
  await page.waitForSelector(".line-note.is-crit");
  expectMatch(await page.locator(".line-note.is-crit").innerText(), /did you mean/, "the note");
  await page.keyboard.press("Alt+Enter");
  await page.waitForSelector(".line-note.is-crit", { state: "detached" });
  await page.locator(".cm-line", { hasText: "org: empire" }).nth(1).click();
  await page.keyboard.press("Home");
  await page.keyboard.press("Shift+End");
  await page.keyboard.type('ship: "true"');
  await page.waitForSelector(".removed-lines");
}

async function expectReplay(page: Page, url: string): Promise<void> {
  await page.getByRole("button", { name: /^Replay/ }).click();
  await page.locator(".sentence", { hasText: /would lose/ }).waitFor();
  const said = await page.locator(".sentence").innerText();
  expectMatch(said, /^\d+ workloads? would lose [\d\s]+ flows?\./, "the sentence");
  await page.getByText("Nothing is written to the cluster").waitFor();
  // The server has the draft a moment after the last key.
  await waitUntil(async () => {
    const answer = await fetch(`${url}/api/ciliascope/v1/policy/drafts`);
    return (await answer.text()).includes("ship: ");
  }, "the draft is kept by the server");
  await page.reload();
  await page.locator(".sentence", { hasText: /would lose/ }).waitFor();
  expectMatch(await page.locator(".cm-content").innerText(), /ship: "true"/, "the draft");
}
