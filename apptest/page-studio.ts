/** The metrics studio: a specification counted on the demo's flows, its labels, its Helm values in each form, axe. */

import type { Page } from "playwright-core";
import { expectMatch } from "./app-test.ts";
import { expectAccessible } from "./axe.ts";
import { takePicture } from "./browser.ts";
import { type PageStep, waitUntil } from "./page-session.ts";

const options = "sourceContext=workload-name;labelsContext=destination_workload";

export const pageStudioStep: PageStep = {
  name: "page-studio",
  async run({ url, open }) {
    const { page } = await open({ theme: "dark" });
    await page.goto(`${url}/studio?h=flow`);
    await page.getByRole("heading", { name: "flow", exact: true }).waitFor();
    const plain = await countedSeries(page);
    await page.getByRole("textbox", { name: "Options, as Hubble writes them" }).fill(options);
    await page.getByRole("cell", { name: "destination_workload", exact: true }).waitFor();
    await waitUntil(async () => (await countedSeries(page)) > plain, "labels make more series");
    await expectHelm(page);
    await expectAccessible(page, "the studio, dark");
    await takePicture(page, "studio-dark");
    const light = await open({ theme: "light", width: 1280, height: 800 });
    await light.page.goto(page.url());
    await countedSeries(light.page);
    await expectHelm(light.page);
    await expectAccessible(light.page, "the studio, light");
    await takePicture(light.page, "studio-light-1280");
  },
};

/** The figure of the handler at hand, once it is counted. */
async function countedSeries(page: Page): Promise<number> {
  const figure = page.locator(".studio-figures:not(.is-old) .studio-figure").first();
  let count = 0;
  await waitUntil(async () => {
    count = Number((await figure.innerText()).replaceAll(/\D/g, ""));
    return count > 0;
  }, "series are counted");
  return count;
}

/** The entry in each form of the values, and that the agent takes it. */
async function expectHelm(page: Page): Promise<void> {
  const pane = page.getByRole("region", { name: "Helm values" });
  const values = pane.getByRole("region", { name: "Values" });
  const shows = (form: string, pattern: RegExp) => async () => {
    await pane.getByRole("radio", { name: form, exact: true }).click();
    await waitUntil(async () => pattern.test(await values.innerText()), `${form} holds the entry`);
  };
  await shows("--set", /hubble\.metrics\.enabled=.*flow:sourceContext=workload-name/s)();
  await shows("Dynamic", /sourceContext/)();
  await shows("values.yaml", /flow:sourceContext=workload-name/)();
  await pane.getByText("Valid", { exact: true }).waitFor();
  expectMatch(await pane.innerText(), /All \d+ entries parse/, "what the agent makes of it");
}
