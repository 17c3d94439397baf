/**
 * Explore in a real browser: the tree of a query with its costs, raw samples, exemplars with a link to
 * their trace, the metric explorer that inserts at the cursor, CSV, and a link to exactly this window.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import type { Page } from "playwright-core";
import {
  type AppTest,
  type AppTestContext,
  expectEqual,
  expectMatch,
  waitForValue,
} from "./app-test.ts";
import { openBrowser, openPage, takePicture } from "./browser.ts";

const query = "histogram_quantile(0.9, sum by (le) (rate(demo_seconds_bucket[10s])))";

export const exploreTest: AppTest = {
  name: "explore",
  async run(context) {
    const url = await startServer(context);
    await waitForValue(url, "count_over_time(demo_seconds_count[1m])", (count) => count >= 4);
    const browser = await openBrowser(context);
    for (const theme of ["dark", "light"] as const) {
      const { page, troubles } = await openPage(browser, { theme });
      await expectTree(page, url);
      await takePicture(page, `explore-tree-${theme}`);
      await expectExemplars(page, url);
      await takePicture(page, `explore-exemplars-${theme}`);
      await expectMetrics(page, url);
      await takePicture(page, `explore-metrics-${theme}`);
      await expectShare(page, url);
      // `sum()`, with which the metric explorer begins, is refused.
      const unexpected = troubles.filter((line) => !/status of 400/.test(line));
      expectEqual(unexpected, [], `errors of the ${theme} page`);
    }
  },
};

/** One histogram with exemplars, scraped every second. */
async function startServer(context: AppTestContext): Promise<string> {
  let count = 0;
  const exporter = createServer((_request, response) => {
    count += 10;
    const exemplar = `# {trace_id="t-${count}"} 0.07`;
    response.setHeader("content-type", "application/openmetrics-text; version=1.0.0");
    response.end(
      [
        "# TYPE demo_seconds histogram",
        "# UNIT demo_seconds seconds",
        "# HELP demo_seconds Time of a request.",
        `demo_seconds_bucket{le="0.1"} ${count} ${exemplar}`,
        `demo_seconds_bucket{le="+Inf"} ${count}`,
        `demo_seconds_sum ${count / 20}`,
        `demo_seconds_count ${count}`,
        "# EOF",
        "",
      ].join("\n"),
    );
  });
  await new Promise<void>((done) => exporter.listen(0, "127.0.0.1", done));
  context.onClose(() => {
    exporter.close();
  });
  const address = exporter.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const dir = context.tempDir();
  const config = join(dir, "prometheus.yml");
  writeFileSync(
    config,
    `global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
- job_name: demo
  static_configs: [{targets: ['127.0.0.1:${address.port}']}]
`,
  );
  const port = await context.freePort();
  const server = context.startProgram([
    "server",
    "--config",
    config,
    "--data-dir",
    join(dir, "data"),
    "--listen",
    `127.0.0.1:${port}`,
  ]);
  await server.waitForLine(/^ready /m);
  return `http://127.0.0.1:${port}`;
}

function address(url: string, more: string): string {
  return `${url}/explore?q=${encodeURIComponent(query)}&from=now-1m&to=now&refresh=off${more}`;
}

async function expectTree(page: Page, url: string): Promise<void> {
  await page.goto(address(url, "&view=explain"));
  const tree = page.getByRole("region", { name: "Parts of query A" });
  await tree.getByText("samples looked at").waitFor();
  const rows = await tree.locator("tbody tr").allInnerTexts();
  const names = rows.map((row) => row.split(/[\n\t]/)[0]?.trim());
  expectEqual(
    names,
    ["histogram_quantile(0.9, …)", "0.9", "sum by (le) (…)", "rate(…)", "demo_seconds_bucket[10s]"],
    "parts of the query",
  );
  expectMatch(rows[2] ?? "", /\s2\s[\s\S]*ms/, "series and time of the sum");
  expectMatch(rows[4] ?? "", /histogram/, "kind of the metric");
}

async function expectExemplars(page: Page, url: string): Promise<void> {
  const trace = encodeURIComponent("https://traces.example/trace/{trace_id}");
  await page.goto(address(url, `&ex=1&trace=${trace}`));
  await page.locator(".exemplar").last().waitFor();
  // Marks lie on each other where samples are dense: the event goes to this one.
  await page.locator(".exemplar").last().dispatchEvent("click");
  const link = await page.getByRole("link", { name: "Open the trace" }).getAttribute("href");
  expectMatch(link ?? "", /^https:\/\/traces\.example\/trace\/t-\d+$/, "link to the trace");
  await page.getByRole("button", { name: "Exemplars", exact: true }).click();
  await page.getByLabel("Address of a trace").fill("https://own.example/{trace_id}");
  await page.keyboard.press("Escape");
  await page.goto(address(url, "&ex=1"));
  await page.locator(".exemplar").last().waitFor();
  await page.locator(".exemplar").last().dispatchEvent("click");
  const own = await page.getByRole("link", { name: "Open the trace" }).getAttribute("href");
  expectMatch(own ?? "", /^https:\/\/own\.example\/t-\d+$/, "address kept in the browser");
}

async function expectMetrics(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/explore?q=sum()&from=now-1m&to=now&refresh=off`);
  await page.locator(".cm-content").click();
  await page.keyboard.press("End");
  await page.keyboard.press("ArrowLeft");
  await page.getByRole("button", { name: "Browse metrics" }).click();
  const dialog = page.getByRole("dialog", { name: "Metrics" });
  await dialog.getByLabel("Find a metric").fill("demo bucket");
  await dialog.getByText("Time of a request.").waitFor();
  await dialog.getByRole("button", { name: /^le\s*2$/ }).click();
  await dialog.getByRole("button", { name: /0\.1/ }).click();
  await dialog.waitFor({ state: "detached" });
  expectEqual(
    await page.locator(".cm-content").innerText(),
    'sum(demo_seconds_bucket{le="0.1"})',
    "the query with the selector at its cursor",
  );
}

async function expectShare(page: Page, url: string): Promise<void> {
  await page.goto(address(url, "&view=raw"));
  await page.locator(".explore-raw pre").first().waitFor();
  expectMatch(await page.locator(".explore-raw").innerText(), /0\.0\d+\s+@ \d+/, "raw samples");
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  const share = page.getByRole("button", { name: "Share and export" });
  await share.click();
  await page.getByRole("button", { name: "Copy link to exactly this window" }).click();
  await page.getByText("Copied").waitFor();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  expectMatch(link, /[?&]from=\d{13}&to=\d{13}/, "the fixed link");
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: /Download CSV/ }).click(),
  ]);
  const csv = readFileSync(await download.path(), "utf8");
  expectMatch(csv, /^time,\{\}\r\n\d{4}-\d\d-\d\dT[\d:.]+Z,0\.0\d/, "CSV");
}
