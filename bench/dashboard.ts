/**
 * The dashboard page in Debian's Chromium: a dashboard of 70 panels over 6 h of 2,000 series at 15 s,
 * from navigation until every panel is drawn; and the main thread's time per frame, from a Chromium
 * trace, while a chart of 100,000 points is panned.
 *
 *   npx tsx bench/dashboard.ts [--port 9950] [--runs 3] [--draw-only]   (after `node tools/build.mjs`)
 */

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Browser, chromium, type Page } from "playwright-core";
import { projectDir } from "../apptest/app-test.ts";
import { sendBulkLoad } from "./bulk-load.ts";
import { cpuSeconds } from "./process-usage.ts";

const pods = 20;
const points = 1440;
const stepMs = 15_000;
const panelCount = 70;
/** Four columns, five grid units high: all panels stand within the viewport. */
const viewport = { width: 1440, height: 3800 };
const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "9950" },
    runs: { type: "string", default: "3" },
    /** Leaves out the panning. */
    "draw-only": { type: "boolean", default: false },
  },
});
const url = `http://127.0.0.1:${values.port}`;
const dataDir = mkdtempSync(join(tmpdir(), "ciliascope-dashboard-"));
// Nothing is scraped: the head would begin now and refuse what is older.
const configFile = join(dataDir, "empty.yml");
writeFileSync(configFile, "scrape_configs: []\n");
const server = spawn(
  process.execPath,
  [
    join(projectDir, "bin", "ciliascope"),
    "server",
    "--config",
    configFile,
    "--data-dir",
    join(dataDir, "data"),
    "--listen",
    `127.0.0.1:${values.port}`,
    "--web.enable-remote-write-receiver",
  ],
  { stdio: "ignore" },
);

async function waitUntilReady(): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const isUp = await fetch(`${url}/-/ready`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (isUp) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error("the server did not come up");
}

interface PanelQuery {
  readonly title: string;
  readonly expr: string;
}

/** No two alike, as on Cilium's own dashboards: rates by a label, quantiles, gauges. */
function panelQueries(): PanelQuery[] {
  return Array.from({ length: panelCount }, (_, index) => {
    const shard = index % 10;
    const by = ["pod", "method", "status", "cluster", "node", "instance", "kind"][
      index % 7
    ] as string;
    const expr =
      index % 3 === 0
        ? `sum by (${by}) (rate(perf_requests_total{shard!="${shard}"}[5m]))`
        : index % 3 === 1
          ? `histogram_quantile(0.9${shard}, sum by (le, path) (rate(perf_latency_seconds_bucket{shard!="${shard}"}[5m])))`
          : `avg by (${by}) (perf_gauge{shard!="${shard}"}) + ${index}`;
    return { title: `Panel ${index + 1}`, expr };
  });
}

async function importDashboard(
  uid: string,
  queries: readonly PanelQuery[],
  width: number,
): Promise<void> {
  const panels = queries.map(({ title, expr }, index) => ({
    id: index + 1,
    type: "timeseries",
    title,
    gridPos: {
      x: (index * width) % 24,
      y: Math.floor((index * width) / 24) * 5,
      w: width,
      h: width > 6 ? 16 : 5,
    },
    targets: [{ refId: "A", expr, legendFormat: "__auto" }],
  }));
  const answer = await fetch(`${url}/api/ciliascope/v1/dashboards?name=bench`, {
    method: "POST",
    body: JSON.stringify({ uid, title: uid, panels, time: { from: "now-6h", to: "now" } }),
  });
  if (!answer.ok) throw new Error(await answer.text());
}

/** Runs in the page; a text, since the compiler's helpers are not there. */
const waitUntilDrawn = `new Promise((done) => {
  const look = () => {
    const drawn = [...document.querySelectorAll("article.panel")].filter(
      (panel) => panel.querySelector("canvas") && !panel.querySelector(".skeleton, .panel-loading"),
    );
    if (drawn.length >= WANTED) requestAnimationFrame(() => done(performance.now()));
    else requestAnimationFrame(look);
  };
  look();
})`;

/** One drawing of the dashboard: what a clock says, and what it cost where the machine is shared. */
interface Drawing {
  /** ms from the start of navigation until all panels have a chart and none is loading. */
  readonly ms: number;
  readonly serverCpuSeconds: number;
  /** CPU of the page's main thread. */
  readonly pageCpuSeconds: number;
  /** CPU of all processes of the browser, which without a graphics card composes in software. */
  readonly browserCpuSeconds: number;
}

async function draw(browser: Browser, path: string, count: number): Promise<Drawing> {
  const context = await browser.newContext({ viewport });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const serverBefore = cpuSeconds(server.pid ?? 0);
  const browserBefore = await browserCpuSeconds(browser);
  await page.goto(`${url}${path}`, { waitUntil: "commit" });
  const ms = await page.evaluate<number>(waitUntilDrawn.replace("WANTED", String(count)));
  const serverCpuSeconds = cpuSeconds(server.pid ?? 0) - serverBefore;
  const { metrics } = await session.send("Performance.getMetrics");
  const pageCpuSeconds = metrics.find(({ name }) => name === "TaskDuration")?.value ?? Number.NaN;
  const browserAfter = await browserCpuSeconds(browser);
  await context.close();
  return { ms, serverCpuSeconds, pageCpuSeconds, browserCpuSeconds: browserAfter - browserBefore };
}

async function browserCpuSeconds(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  return processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0);
}

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly ts: number;
  readonly dur?: number;
  /** CPU time of the thread: the machine may be shared. */
  readonly tdur?: number;
  readonly pid: number;
  readonly tid: number;
  readonly args?: { readonly name?: string };
}

/** Main-thread ms in each frame of 1/60 s while the chart is dragged to and fro. */
async function panFrames(
  browser: Browser,
  path: string,
): Promise<{ frames: number[]; points: number }> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  let samples = 0;
  page.on("response", (response) => {
    if (!response.url().includes("/query_range")) return;
    void response
      .json()
      .then((body: { data?: { result?: { values?: unknown[] }[] } }) => {
        const count = (body.data?.result ?? []).reduce(
          (sum, one) => sum + (one.values?.length ?? 0),
          0,
        );
        samples = Math.max(samples, count);
      })
      .catch(() => undefined);
  });
  await page.goto(`${url}${path}`);
  await page.waitForSelector("article.panel .u-over");
  await page.waitForTimeout(3000);
  const frames = await traceDrag(browser, page);
  await context.close();
  return { frames, points: samples };
}

async function traceDrag(browser: Browser, page: Page): Promise<number[]> {
  const box = await page.locator("article.panel .u-over").first().boundingBox();
  if (box === null) throw new Error("no chart");
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width / 2, y);
  await page.keyboard.down("Shift");
  await page.mouse.down();
  await browser.startTracing(page, { categories: ["toplevel", "devtools.timeline", "__metadata"] });
  for (let step = 0; step < 180; step++) {
    await page.mouse.move(box.x + box.width / 2 + 300 * Math.sin(step / 12), y);
    await page.evaluate("new Promise((done) => requestAnimationFrame(done))");
  }
  const trace = JSON.parse((await browser.stopTracing()).toString("utf8")) as {
    traceEvents: TraceEvent[];
  };
  await page.mouse.up();
  await page.keyboard.up("Shift");
  return mainThreadFrames(trace.traceEvents);
}

/** Sums the main thread's tasks into frames that begin with each of its animation frames. */
function mainThreadFrames(events: readonly TraceEvent[]): number[] {
  const renderers = events.filter(
    ({ name, args }) => name === "thread_name" && args?.name === "CrRendererMain",
  );
  const counts = renderers.map(({ pid, tid }) => {
    const own = events.filter((event) => event.pid === pid && event.tid === tid);
    return own.filter(({ name }) => name === "FireAnimationFrame").length;
  });
  const main = renderers[counts.indexOf(Math.max(...counts))];
  const own = events.filter((event) => event.pid === main?.pid && event.tid === main?.tid);
  const starts = own
    .filter(({ name }) => name === "FireAnimationFrame")
    .map(({ ts }) => ts)
    .sort((a, b) => a - b);
  const tasks = own.filter(
    ({ name, ph, dur }) =>
      ph === "X" && dur !== undefined && name === "ThreadControllerImpl::RunTask",
  );
  const frames = starts.slice(0, -1).map((from, index) => {
    const to = starts[index + 1] as number;
    const inside = tasks.filter(({ ts }) => ts >= from && ts < to);
    return inside.reduce((sum, { dur = 0, tdur }) => sum + (tdur ?? dur), 0) / 1000;
  });
  return frames.slice(2);
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

async function run(): Promise<void> {
  if (!existsSync(join(projectDir, "dist", "web")))
    throw new Error("build first: node tools/build.mjs");
  await waitUntilReady();
  const startMs = Math.floor(Date.now() / stepMs) * stepMs - points * stepMs;
  const load = await sendBulkLoad(`${url}/api/v1/write`, { pods, points, startMs, stepMs });
  console.log(`${load.series} series, ${load.samples} samples loaded`);
  await importDashboard("bench-70", panelQueries(), 6);
  const many = { title: "100k points", expr: 'perf_gauge{kind=~"k[0-4]"}' };
  await importDashboard("bench-pan", [many], 24);
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: flags });
  try {
    for (let index = 0; index < Number(values.runs); index++) {
      const path = "/d/bench-70?from=now-6h&to=now&refresh=off";
      const drawing = await draw(browser, path, panelCount);
      const cpu = [drawing.serverCpuSeconds, drawing.browserCpuSeconds, drawing.pageCpuSeconds];
      const [ofServer, ofBrowser, ofPage] = cpu.map((seconds) => seconds.toFixed(2));
      console.log(
        `70 panels fully drawn: ${(drawing.ms / 1000).toFixed(2)} s; CPU seconds: server ${ofServer}, browser ${ofBrowser} (of it the page's main thread ${ofPage}); load average ${(loadavg()[0] ?? 0).toFixed(1)}`,
      );
    }
    if (values["draw-only"]) return;
    const pan = await panFrames(browser, "/d/bench-pan?from=now-6h&to=now&refresh=off&panel=1");
    const sorted = [...pan.frames].sort((a, b) => a - b);
    console.log(
      `panning ${pan.points} points: ${sorted.length} frames, median ${quantile(sorted, 0.5).toFixed(2)} ms, p95 ${quantile(sorted, 0.95).toFixed(2)} ms of main thread a frame`,
    );
  } finally {
    await browser.close();
  }
}

try {
  await run();
} finally {
  server.kill("SIGTERM");
  await new Promise((done) => server.once("exit", done));
  rmSync(dataDir, { recursive: true, force: true });
}
