/**
 * Explore in a real browser: the tree of a query with its costs, raw samples, exemplars with a link to
 * their trace, the metric explorer that inserts at the cursor, CSV that holds what the API answers, a
 * link that opens the same elsewhere, and the history of queries.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import {
  type AppTest,
  type AppTestContext,
  expectEqual,
  expectMatch,
  waitForValue,
} from "./app-test.ts";
import { expectAccessible } from "./axe.ts";
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
      await expectAccessible(page, `the parts of a query, ${theme}`);
      await takePicture(page, `explore-tree-${theme}`);
      await expectExemplars(page, url);
      await takePicture(page, `explore-exemplars-${theme}`);
      await expectMetrics(page, url);
      await expectAccessible(page, `a query that is not run, ${theme}`);
      await takePicture(page, `explore-metrics-${theme}`);
      await expectShare(page, url);
      // `sum()`, with which the metric explorer begins, is refused.
      const unexpected = troubles.filter((line) => !/status of 400/.test(line));
      expectEqual(unexpected, [], `errors of the ${theme} page`);
    }
    await expectSameElsewhere(browser, url);
    await expectCsv(browser, url);
    await expectHistory(browser, url);
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
  const args = ["--data-dir", join(dir, "data"), "--config", config];
  return (await context.startServer(args)).url;
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
  // The kinds come with an answer of their own.
  await tree.locator("tbody tr").nth(4).getByText("histogram", { exact: true }).waitFor();
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
  expectMatch(await copyFixedLink(page), /[?&]from=\d{13}&to=\d{13}/, "the fixed link");
}

/** By the menu and the clipboard, as a user does. */
async function copyFixedLink(page: Page): Promise<string> {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByRole("button", { name: "Share and export" }).click();
  await page.getByRole("button", { name: "Copy link to exactly this window" }).click();
  await page.getByText("Copied").waitFor();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  await page.keyboard.press("Escape");
  return link;
}

/** What somebody sees who was sent the link: a browser that was never here before. */
async function expectSameElsewhere(browser: Browser, url: string): Promise<void> {
  const own = await openPage(browser, { theme: "dark" });
  const other = `${query.replace("0.9", "0.5")} # half`;
  await own.page.goto(address(url, `&q=${encodeURIComponent(other)}&view=raw&step=5s`));
  const shown = (page: Page) => page.locator(".explore-raw pre").allInnerTexts();
  await own.page.locator(".explore-raw pre").nth(1).waitFor();
  const link = await copyFixedLink(own.page);
  await own.page.goto(link);
  await own.page.locator(".explore-raw pre").nth(1).waitFor();
  const there = await openPage(browser, { theme: "light" });
  await there.page.goto(link);
  await there.page.locator(".explore-raw pre").nth(1).waitFor();
  expectEqual(await shown(there.page), await shown(own.page), "samples behind the link");
  const texts = await there.page.locator(".cm-content").allInnerTexts();
  expectEqual(texts, [query, other], "queries behind the link");
  expectMatch(
    await there.page.getByRole("button", { name: /Resolution/ }).innerText(),
    /5s/,
    "resolution behind the link",
  );
}

/** Every cell of the file against the API's answer for the same window. */
async function expectCsv(browser: Browser, url: string): Promise<void> {
  const { page } = await openPage(browser, { theme: "dark" });
  const [stepSeconds, metric] = [2, "demo_seconds_bucket"];
  const endSeconds = Math.floor(Date.now() / 1000 / stepSeconds) * stepSeconds;
  const startSeconds = endSeconds - 40;
  const times = `&from=${startSeconds}000&to=${endSeconds}000&step=${stepSeconds}s&refresh=off`;
  await page.goto(`${url}/explore?q=${metric}${times}`);
  await page.getByText("2 series", { exact: false }).first().waitFor();
  await page.getByRole("button", { name: "Share and export" }).click();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: /Download CSV, 2 series/ }).click(),
  ]);
  expectMatch(download.suggestedFilename(), /^explore-.*\.csv$/, "name of the file");
  const csv = readFileSync(await download.path(), "utf8");
  const range = `start=${startSeconds}&end=${endSeconds}&step=${stepSeconds}`;
  const answer = await fetch(`${url}/api/v1/query_range?query=${metric}&${range}`);
  const { data } = (await answer.json()) as {
    data: { result: { metric: { le: string }; values: [number, string][] }[] };
  };
  const les = data.result.map((series) => series.metric.le);
  const lines = csv.trimEnd().split("\r\n");
  const head = lines[0] ?? "";
  const columns = les.map((le) => head.indexOf(`le=""${le}""`));
  expectEqual(
    columns.every((at, i) => at > (columns[i - 1] ?? 0)),
    true,
    `columns of ${head}`,
  );
  const wanted = new Map<string, string[]>();
  for (const [column, { values }] of data.result.entries()) {
    for (const [seconds, value] of values) {
      const time = new Date(seconds * 1000).toISOString();
      const cells = wanted.get(time) ?? les.map(() => "");
      cells[column] = value;
      wanted.set(time, cells);
    }
  }
  const rows = [...wanted].sort(([a], [b]) => (a < b ? -1 : 1)).map((row) => row.flat().join());
  expectEqual(lines.slice(1), rows, "rows of the CSV");
  expectEqual(rows.length > 2, true, "some rows");
}

/** Queries come back after a reload, run again by a click, and can be forgotten. */
async function expectHistory(browser: Browser, url: string): Promise<void> {
  const { page } = await openPage(browser, { theme: "dark" });
  const [first, second] = ["sum(demo_seconds_count)", "demo_seconds_sum"] as const;
  await page.goto(`${url}/explore?q=${encodeURIComponent(first)}&from=now-1m&to=now&refresh=off`);
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+a");
  await page.keyboard.type(second);
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+Enter");
  await page.waitForURL(new RegExp(`q=${second}`));
  await page.goto(`${url}/explore?from=now-1m&to=now&refresh=off`);
  await page.reload();
  const open = () => page.getByRole("button", { name: "History" }).click();
  const entries = page.getByRole("dialog", { name: "History" }).locator(".menu > button");
  await open();
  expectEqual(await entries.allInnerTexts(), [second, first], "history after a reload");
  await takePicture(page, "explore-history-dark");
  await expectAccessible(page, "the history");
  const asked = page.waitForResponse((answer) => answer.url().includes("/api/v1/query_range"));
  await entries.nth(1).click();
  expectEqual((await asked).status(), 200, "the query that was clicked runs");
  expectEqual(await page.locator(".cm-content").allInnerTexts(), [first], "the query clicked");
  await open();
  expectEqual(await entries.allInnerTexts(), [first, second], "the query clicked comes first");
  await page.getByRole("button", { name: "Clear history" }).click();
  await open();
  await page.getByText("No query was run in this browser yet.").waitFor();
}
