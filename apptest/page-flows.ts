/** Flows and Endpoints in a real browser on a demo: live rows, a drop explained by line, a filter, endpoints; no errors. */

import { join } from "node:path";
import { type AppTest, expectEqual, expectMatch } from "./app-test.ts";
import { openBrowser, openPage, takePicture } from "./browser.ts";

export const pageFlowsTest: AppTest = {
  name: "page-flows",
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
    const browser = await openBrowser(context);
    const { page, troubles } = await openPage(browser, { theme: "dark" });
    await page.goto(`${url}/flows`);
    await page.waitForSelector("tr.flow-row");
    await page.goto(`${url}/flows?q=--verdict%20DROPPED&refresh=off`);
    await page.waitForSelector("tr.flow-row", { timeout: 30_000 });
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".verdict-steps li");
    expectMatch(
      await page.locator(".flow-drawer").innerText(),
      /default deny is on|refuses/,
      "the verdict's steps",
    );
    await takePicture(page, "flows-drop-dark");
    await page.goto(`${url}/endpoints`);
    await page.locator(".endpoint-name").first().click();
    await page.waitForSelector(".endpoint-direction");
    await takePicture(page, "endpoints-dark");
    expectEqual(troubles, [], "errors of the pages");
  },
};
