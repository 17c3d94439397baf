/** Flows and Endpoints: live rows, a drop explained by line, a filter, endpoints; axe on both. */

import { expectMatch } from "./app-test.ts";
import { expectAccessible } from "./axe.ts";
import { takePicture } from "./browser.ts";
import type { PageStep } from "./page-session.ts";

export const pageFlowsStep: PageStep = {
  name: "page-flows",
  async run({ url, open }) {
    const { page } = await open({ theme: "dark" });
    await page.goto(`${url}/flows`);
    await page.waitForSelector("tr.flow-row");
    await page.goto(`${url}/flows?q=--verdict%20DROPPED&refresh=off`);
    await page.waitForSelector("tr.flow-row");
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".verdict-steps li");
    expectMatch(
      await page.locator(".flow-drawer").innerText(),
      /default deny is on|refuses/,
      "the verdict's steps",
    );
    await expectAccessible(page, "a flow explained");
    await takePicture(page, "flows-drop-dark");
    await page.goto(`${url}/endpoints`);
    await page.locator(".endpoint-name").first().click();
    await page.waitForSelector(".endpoint-direction");
    await expectAccessible(page, "an endpoint");
    await takePicture(page, "endpoints-dark");
  },
};
