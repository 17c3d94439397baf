/**
 * Cilium's own dashboards in the demo, in a real browser: they import without a problem, and after
 * two minutes at least 50 panels of cilium-dashboard and 28 of hubble-dashboard draw data that
 * varies. Every other panel must stand in docs/dashboards.md with its reason; with
 * CILIASCOPE_WRITE_DOCS=1 the table is written anew.
 */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type {
  Browser,
  Page,
  Request as PageRequest,
  Response as PageResponse,
} from "playwright-core";
import { parseDashboard } from "../src/dashboard/dashboard.ts";
import type { Panel } from "../src/dashboard/model.ts";
import { type AppTest, expectEqual, projectDir } from "./app-test.ts";
import { openBrowser, openPage, takePicture } from "./browser.ts";
import { panelReasons } from "./panel-reasons.ts";

const dashboardsDir = join(projectDir, "..", "shared", "data", "dashboards");
const docsFile = join(projectDir, "docs", "dashboards.md");
/** How long the demo has run when the panels are counted. */
const warmUpMs = 120_000;
const passesMax = 3;

/** Files and how many of their panels must vary. */
const dashboards: readonly { readonly file: string; readonly varyingMin: number }[] = [
  { file: "cilium-dashboard", varyingMin: 50 },
  { file: "hubble-dashboard", varyingMin: 28 },
  { file: "cilium-operator-dashboard", varyingMin: 1 },
  { file: "hubble-dns-namespace", varyingMin: 2 },
  { file: "hubble-l7-http-metrics-by-workload", varyingMin: 8 },
  { file: "hubble-network-overview-namespace", varyingMin: 5 },
];

/** What a panel did. */
interface PanelOutcome {
  readonly title: string;
  readonly state: "varies" | "constant" | "empty" | "failed" | "not drawn";
}

interface DashboardOutcome {
  readonly file: string;
  readonly title: string;
  readonly panels: readonly PanelOutcome[];
}

export const ciliumDashboardsTest: AppTest = {
  name: "cilium-dashboards",
  async run(context) {
    if (!existsSync(dashboardsDir)) {
      console.log("      SKIPPED: Cilium's dashboards are not beside the project");
      return;
    }
    const { url, readyMs } = await context.startDemo();
    const browser = await openBrowser(context);
    for (const { file } of dashboards) await importDashboard(url, file);
    await new Promise((done) => setTimeout(done, warmUpMs - (performance.now() - readyMs)));
    const outcomes: DashboardOutcome[] = [];
    for (const wanted of dashboards) outcomes.push(await watchDashboard(browser, url, wanted));
    for (const outcome of outcomes) console.log(`      ${summary(outcome)}`);
    const table = docsTable(outcomes);
    if (process.env["CILIASCOPE_WRITE_DOCS"] === "1") writeFileSync(docsFile, table);
    for (const [index, { file, varyingMin }] of dashboards.entries()) {
      const count = countState(outcomes[index] as DashboardOutcome, "varies");
      if (count < varyingMin)
        throw new Error(`${file}: ${count} panels vary, want at least ${varyingMin}`);
    }
    expectListed(outcomes);
  },
};

async function importDashboard(url: string, file: string): Promise<void> {
  const answer = await fetch(`${url}/api/ciliascope/v1/dashboards?name=${file}.json`, {
    method: "POST",
    body: readFileSync(join(dashboardsDir, `${file}.json`), "utf8"),
  });
  const text = await answer.text();
  expectEqual(answer.status, 200, `import of ${file} (${text})`);
  expectEqual((JSON.parse(text) as { problems: unknown }).problems, [], `problems of ${file}`);
}

async function watchDashboard(
  browser: Browser,
  url: string,
  { file, varyingMin }: (typeof dashboards)[number],
): Promise<DashboardOutcome> {
  const json: unknown = JSON.parse(readFileSync(join(dashboardsDir, `${file}.json`), "utf8"));
  const { dashboard } = parseDashboard(json);
  const { page, troubles } = await openPage(browser, { theme: "dark" });
  const varying = new Set<string>();
  const pending: Promise<void>[] = [];
  page.on("response", (response) => {
    pending.push(noteVarying(response.request(), response, varying));
  });
  // On a slow machine the page scrolls on before an answer is there: the question is asked again.
  page.on("requestfailed", (request) => {
    pending.push(noteVarying(request, undefined, varying));
  });
  await page.goto(`${url}/d/${dashboard.uid}?from=now-2m&to=now`);
  await page.waitForSelector("article.panel");
  const panels = allPanels(dashboard.panels).filter((panel) => panel.type !== "text");
  let outcomes: PanelOutcome[] = [];
  // A slow machine draws panels only after they were scrolled past: it is given another look.
  for (let pass = 0; pass < passesMax; pass++) {
    await scrollThrough(page);
    const states = await readStates(page);
    await Promise.all(pending);
    outcomes = panels.map((panel) => ({
      title: panel.title,
      state: panelState(panel, states, varying),
    }));
    if (outcomes.filter(({ state }) => state === "varies").length >= varyingMin) break;
    await page.reload();
    await page.waitForSelector("article.panel");
  }
  await takePicture(page, file);
  await page.context().close();
  expectEqual(troubles, [], `errors of the page on ${file}`);
  return { file, title: dashboard.title, panels: outcomes };
}

function allPanels(panels: readonly Panel[]): Panel[] {
  return panels.flatMap((panel) => (panel.type === "row" ? allPanels(panel.panels) : [panel]));
}

/** Queries whose answer has a series with two different values. */
async function noteVarying(
  request: PageRequest,
  response: PageResponse | undefined,
  varying: Set<string>,
): Promise<void> {
  const address = new URL(request.url());
  if (!address.pathname.startsWith("/api/v1/query")) return;
  const given = (await response?.json().catch(() => undefined)) as QueryBody | undefined;
  const body = given ?? (await askAgain(request));
  const series = body?.data?.result ?? [];
  const isVarying = series.some(
    ({ values }) => new Set((values ?? []).map(([, value]) => value)).size > 1,
  );
  const isInstant = address.pathname === "/api/v1/query" && series.length > 0;
  const form = new URLSearchParams(request.postData() ?? "");
  const query = address.searchParams.get("query") ?? form.get("query") ?? "";
  if (isVarying || isInstant) varying.add(query);
}

async function askAgain(request: PageRequest): Promise<QueryBody | undefined> {
  const form = request.postData();
  const answer = await fetch(request.url(), {
    method: request.method(),
    ...(form === null
      ? {}
      : { body: form, headers: { "content-type": "application/x-www-form-urlencoded" } }),
  });
  return (await answer.json()) as QueryBody;
}

interface QueryBody {
  readonly data?: {
    readonly result?: readonly { readonly values?: readonly [number, string][] }[];
  };
}

/** Panels ask only while they are in view. */
async function scrollThrough(page: Page): Promise<void> {
  for (let step = 0; step < 80; step++) {
    await page.waitForLoadState("networkidle", { timeout: 5000 }).catch(() => undefined);
    const isAtEnd = await page.evaluate(() => {
      const scroller = [...document.querySelectorAll("*")].find(
        (element) =>
          element.scrollHeight > element.clientHeight + 20 &&
          getComputedStyle(element).overflowY === "auto" &&
          element.querySelector("article.panel") !== null,
      );
      if (scroller === undefined) return true;
      scroller.scrollBy(0, scroller.clientHeight * 0.6);
      return scroller.scrollTop + scroller.clientHeight >= scroller.scrollHeight - 2;
    });
    await page.waitForTimeout(400);
    if (isAtEnd) break;
  }
  await page.waitForTimeout(1000);
}

/** Title → what its panel shows. */
async function readStates(page: Page): Promise<ReadonlyMap<string, string>> {
  const entries = await page.$$eval("article.panel", (panels) =>
    panels.map((panel) => {
      const title = panel.getAttribute("aria-label") ?? "";
      const badges = [...panel.querySelectorAll("header *")].map(
        (element) => element.textContent ?? "",
      );
      if (panel.querySelector("[role=alert]") !== null) return [title, "failed"] as const;
      if (badges.some((text) => text.trim() === "Empty")) return [title, "empty"] as const;
      const isDrawn = panel.querySelector("canvas, svg, table, .panel-body *") !== null;
      return [title, isDrawn ? "drawn" : "not drawn"] as const;
    }),
  );
  return new Map(entries);
}

function panelState(
  panel: Panel,
  states: ReadonlyMap<string, string>,
  varying: ReadonlySet<string>,
): PanelOutcome["state"] {
  const state = states.get(panel.title) ?? "not drawn";
  if (state === "empty" || state === "failed") return state;
  if (state !== "drawn") return "not drawn";
  const patterns = panel.targets
    .filter((target) => !target.isHidden)
    .map((target) => exprPattern(target.expr));
  const isVarying = [...varying].some((query) => patterns.some((pattern) => pattern.test(query)));
  return isVarying ? "varies" : "constant";
}

/** The expression with each variable standing for anything. */
function exprPattern(expr: string): RegExp {
  const parts = expr.trim().split(/\$\{\w+(?::\w+)?\}|\$\w+|\[\[\w+\]\]/);
  const escaped = parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^\\s*${escaped.join("[\\s\\S]*?")}\\s*$`);
}

function countState(outcome: DashboardOutcome, state: PanelOutcome["state"]): number {
  return outcome.panels.filter((panel) => panel.state === state).length;
}

function summary(outcome: DashboardOutcome): string {
  const states = ["varies", "constant", "empty", "failed", "not drawn"] as const;
  const counts = states.map((state) => `${countState(outcome, state)} ${state}`);
  return `${outcome.file}: ${outcome.panels.length} panels, ${counts.join(", ")}`;
}

function docsTable(outcomes: readonly DashboardOutcome[]): string {
  const lines = [
    "# Cilium's own dashboards in the demo",
    "",
    "Written by `CILIASCOPE_WRITE_DOCS=1 npm run apptest -- cilium-dashboards`: the dashboards of the Cilium chart, imported",
    "into the demo and looked at in a browser two minutes after `ready`. Text panels are not counted.",
    "",
    "| dashboard | panels | draw data that varies | constant in two quiet minutes | empty |",
    "|---|---|---|---|---|",
    ...outcomes.map(
      (outcome) =>
        `| ${outcome.title} (${outcome.file}) | ${outcome.panels.length} | ${countState(outcome, "varies")} | ${countState(outcome, "constant")} | ${countState(outcome, "empty")} |`,
    ),
    "",
    "## Every panel that does not vary, and why",
    "",
    "| dashboard | panel | state | reason |",
    "|---|---|---|---|",
  ];
  for (const outcome of outcomes) {
    for (const { title, state } of outcome.panels) {
      if (state === "varies") continue;
      lines.push(
        `| ${outcome.file} | ${title.replaceAll("|", "\\|")} | ${state} | ${reasonOf(outcome.file, title)} |`,
      );
    }
  }
  return `${lines.join("\n")}\n`;
}

function reasonOf(file: string, title: string): string {
  return (
    panelReasons.find((entry) => entry.file === file && entry.titles.includes(title))?.reason ??
    "NO REASON GIVEN"
  );
}

/**
 * A panel that draws nothing must have its reason in the committed table. One that happened to be
 * constant this time and is not in the table is said, not failed: two minutes of traffic vary.
 */
function expectListed(outcomes: readonly DashboardOutcome[]): void {
  const docs = readFileSync(docsFile, "utf8");
  const unlisted = outcomes.flatMap((outcome) =>
    outcome.panels
      .filter(({ state }) => state !== "varies")
      .filter(({ title }) => !docs.includes(reasonOf(outcome.file, title)))
      .map(({ title, state }) => ({ state, text: `${outcome.file}: ${title} (${state})` })),
  );
  for (const { state, text } of unlisted)
    if (state === "constant") console.log(`      constant this time: ${text}`);
  const missing = unlisted.filter(({ state }) => state !== "constant").map(({ text }) => text);
  expectEqual(missing, [], "panels that draw nothing and have no reason in docs/dashboards.md");
}
