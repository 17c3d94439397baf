/**
 * Dashboards: one is imported, edited, saved, read again, and its first version restored; a hostile
 * file is shown as text, and nothing of it runs.
 */

import type { Page } from "playwright-core";
import { expectEqual } from "./app-test.ts";
import { expectAccessible } from "./axe.ts";
import { takePicture } from "./browser.ts";
import { type PageStep, waitUntil } from "./page-session.ts";

const firstTitle = "Targets that answer";
const newTitle = "Targets of this test";

export const pageDashboardsStep: PageStep = {
  name: "page-dashboards",
  async run({ url, open }) {
    const { page } = await open({ theme: "dark" });
    await importDashboard(page, url, ownDashboard);
    await page.getByRole("article", { name: firstTitle }).waitFor();
    await expectEdited(page);
    await expectRestored(page);
    const light = await open({ theme: "light", width: 1280, height: 800 });
    await expectHarmless(light.page, url);
  },
};

/** Pastes a file's text into the dialog and follows its link. */
async function importDashboard(page: Page, url: string, dashboard: object): Promise<void> {
  await page.goto(`${url}/dashboards`);
  await page.getByRole("button", { name: "Import a Grafana dashboard" }).click();
  const dialog = page.getByRole("dialog", { name: "Import a Grafana dashboard" });
  await dialog.getByLabel("Or paste its JSON").fill(JSON.stringify(dashboard));
  await dialog.getByRole("button", { name: "Import", exact: true }).click();
  await dialog.getByRole("link", { name: "Open it" }).click();
  await page.waitForURL(/\/d\//);
}

/** A panel's title is changed, saved and there after a reload. */
async function expectEdited(page: Page): Promise<void> {
  await page.getByRole("button", { name: /^Edit e$/ }).click();
  await page.getByRole("button", { name: `Edit ${firstTitle}` }).click();
  const title = page.getByRole("complementary", { name: "Panel settings" }).getByLabel("Title");
  await title.fill(newTitle);
  await title.press("Enter");
  await page.getByRole("article", { name: newTitle }).waitFor();
  await expectAccessible(page, "a panel under edit");
  await takePicture(page, "dashboard-edit-dark");
  await page.getByRole("button", { name: /^Back to the dashboard/ }).click();
  await save(page, "another title");
  await page.reload();
  await page.getByRole("article", { name: newTitle }).waitFor();
}

/** Version 1 is compared, restored and saved; it is there after a reload. */
async function expectRestored(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Versions" }).click();
  const dialog = page.getByRole("dialog", { name: "Versions of the dashboard" });
  await dialog.getByRole("cell", { name: "another title" }).waitFor();
  await dialog.getByRole("row", { name: /^1\b/ }).getByRole("button", { name: "Compare" }).click();
  await dialog.locator(".line-diff .is-new", { hasText: newTitle }).waitFor();
  await expectAccessible(page, "versions");
  await takePicture(page, "dashboard-versions-dark");
  await dialog.getByRole("button", { name: "Restore version 1" }).click();
  await page.getByRole("article", { name: firstTitle }).waitFor();
  await save(page, "as it was");
  await page.reload();
  await page.getByRole("article", { name: firstTitle }).waitFor();
}

async function save(page: Page, message: string): Promise<void> {
  const editing = page.getByRole("toolbar", { name: "Editing" });
  await editing.getByRole("button", { name: "Save", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Save the dashboard" });
  await dialog.getByLabel("What changed (for the version history)").fill(message);
  await dialog.getByRole("button", { name: "Save", exact: true }).click();
  await dialog.waitFor({ state: "detached" });
  await editing.getByText("Unsaved changes").waitFor({ state: "detached" });
}

/** Its texts are there to read; no element of it, no address and no script came to life. */
async function expectHarmless(page: Page, url: string): Promise<void> {
  await importDashboard(page, url, hostileDashboard);
  await page.getByRole("article", { name: "cells" }).waitFor();
  await page
    .getByRole("article", { name: "lines" })
    .getByText(/onerror/)
    .first()
    .waitFor();
  await page.getByText("unsafe address").first().waitFor();
  await page.getByRole("button", { name: "Links of cells" }).click();
  await waitUntil(
    async () => (await page.getByText("unsafe address").count()) > 1,
    "the panel's link is a text",
  );
  await takePicture(page, "dashboard-hostile-light");
  const found = await page.evaluate(() => ({
    ran: "hostileRan" in globalThis,
    elements: document.querySelectorAll("[onerror], [onload], main script, main iframe").length,
    links: [...document.querySelectorAll("a")].filter((one) => /^\W*javascript:/i.test(one.href))
      .length,
  }));
  expectEqual(found, { ran: false, elements: 0, links: 0 }, "what came to life of a hostile file");
  await page.keyboard.press("Escape");
  await expectAccessible(page, "a hostile dashboard");
}

const place = (y: number) => ({ x: 0, y, w: 12, h: 6 });

const ownDashboard = {
  title: "Browser test",
  schemaVersion: 39,
  time: { from: "now-5m", to: "now" },
  panels: [
    {
      id: 1,
      type: "timeseries",
      title: firstTitle,
      gridPos: place(0),
      targets: [{ refId: "A", expr: "sum by (job) (up)", legendFormat: "{{job}}" }],
    },
  ],
};

const script =
  '<img src=x alt=x onerror="globalThis.hostileRan=1"><script>globalThis.hostileRan=1</script>';
const address = "javascript:globalThis.hostileRan=1";
const link = { title: script, url: address, targetBlank: true };

const hostileDashboard = {
  title: script,
  description: script,
  tags: [script],
  schemaVersion: 39,
  time: { from: "now-5m", to: "now" },
  links: [{ ...link, type: "link" }],
  panels: [
    {
      id: 1,
      type: "timeseries",
      title: "lines",
      gridPos: place(0),
      targets: [{ refId: "A", expr: "up", legendFormat: `${script}{{job}}` }],
      options: { legend: { showLegend: true, displayMode: "table", placement: "bottom" } },
    },
    {
      id: 2,
      type: "text",
      title: script,
      gridPos: place(6),
      options: {
        mode: "markdown",
        content: `[go](${address}) ${script} <svg onload="hostileRan=1">`,
      },
    },
    {
      id: 3,
      type: "text",
      title: "html",
      gridPos: place(12),
      options: { mode: "html", content: `${script}<a href="${address}">go</a>` },
    },
    {
      id: 4,
      type: "table",
      title: "cells",
      gridPos: { ...place(0), x: 12 },
      links: [link],
      targets: [{ refId: "A", expr: "up", instant: true, range: false, format: "table" }],
      fieldConfig: { defaults: { unit: script, links: [link] }, overrides: [] },
    },
  ],
};
