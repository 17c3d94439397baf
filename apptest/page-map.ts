/**
 * The service map in a real browser: the Star Wars scene drawn, walked by keys, told in the drawer and
 * listed; then a map of 500 workloads with 3,000 pods (answers made here) with its times and its heap.
 */

import type { CDPSession, Page } from "playwright-core";
import type { MapAnswer, MapEdgeAnswer, MapNodeAnswer } from "../src/api/wire/map.ts";
import { expectEqual, expectMatch } from "./app-test.ts";
import { expectAccessible } from "./axe.ts";
import { takePicture } from "./browser.ts";
import { type PageStep, waitUntil } from "./page-session.ts";

const layoutMaxMs = 2000;
const workloads = 500;
const podsEach = 6;
const refreshes = 8;
const panMoves = 40;

export const pageMapStep: PageStep = {
  name: "page-map",
  async run({ url, open }) {
    const dark = await open({ theme: "dark" });
    await expectMap(dark.page, url);
    await expectKeys(dark.page);
    await expectMouse(dark.page);
    await expectDrawer(dark.page);
    const light = await open({ theme: "light", width: 1280, height: 800 });
    await expectList(light.page, url);
    await light.page.close();
    await measureLarge(dark.page, url);
  },
};

async function expectMap(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/map`);
  await page.locator(".map-box", { hasText: "xwing" }).waitFor();
  await page.locator(".map-box", { hasText: "deathstar" }).waitFor();
  await page.locator(".map-link.is-dropped").first().waitFor({ state: "attached" });
  await expectAccessible(page, "the map, dark");
  await takePicture(page, "map-dark");
}

/** Right along an edge to its server; the live region says where one is. */
async function expectKeys(page: Page): Promise<void> {
  await page.getByRole("application", { name: /Service map/ }).focus();
  const said = page.locator(".map-frame [role=status]");
  await page.keyboard.press("ArrowRight");
  await waitUntil(async () => (await said.innerText()) !== "", "the cursor is told");
  await page.keyboard.press("ArrowRight");
  await waitUntil(async () => / to .*\/(s|min)/.test(await said.innerText()), "an edge is told");
  await page.keyboard.press("Enter");
  await page.getByRole("complementary", { name: "Edge" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("complementary", { name: "Edge" }).waitFor({ state: "detached" });
  await page.keyboard.press("+");
  await waitUntil(async () => /[?&]z=/.test(page.url()), "the view stands in the address");
  await page.keyboard.press("0");
  await waitUntil(async () => !/[?&]z=/.test(page.url()), "the map is fitted");
}

/** A click that trembles a little opens a box and leaves the map where it is. */
async function expectMouse(page: Page): Promise<void> {
  const { mouse } = page;
  await page.locator(".map-box", { hasText: "deathstar" }).hover();
  const box = await page.locator(".map-box", { hasText: "deathstar" }).boundingBox();
  const { x, y } = box ?? { x: 0, y: 0 };
  await mouse.move(x + 20, y + 10);
  await mouse.down();
  await mouse.move(x + 22, y + 11);
  await mouse.up();
  await page.locator(".map-box.is-chosen", { hasText: "deathstar" }).waitFor();
  expectMatch(page.url(), /[?&]sel=(?!.*[?&]z=)/, "the address after a click");
  await page.keyboard.press("Escape");
  await waitUntil(async () => !/[?&]sel=/.test(page.url()), "the drawer is closed");
}

/** The drawer of xwing's edge says why it is dropped and leads to its flows. */
async function expectDrawer(page: Page): Promise<void> {
  await page.getByRole("radio", { name: "List" }).click();
  await page.getByRole("button", { name: "default/xwing to default/deathstar" }).click();
  const drawer = page.getByRole("complementary", { name: "Edge" });
  await drawer.getByText("Why it is dropped").waitFor();
  await drawer.getByText("policy denied").waitFor();
  await drawer.getByText("org=alliance").first().waitFor();
  const href = await drawer.locator(".drawer-foot a").first().getAttribute("href");
  expectMatch(
    href ?? "",
    /--from-pod\+default\/xwing.*--to-workload\+Deployment\/deathstar/,
    "flows",
  );
  await page.getByRole("radio", { name: "Map" }).click();
  await page.locator(".map-link.is-chosen").first().waitFor({ state: "attached" });
  await takePicture(page, "map-drawer-dark");
}

async function expectList(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/map?view=list&vs=prev`);
  await page.getByRole("columnheader", { name: "Change" }).waitFor();
  await expectAccessible(page, "the list of the map, light");
  await page.getByRole("radio", { name: "Map" }).click();
  await page.locator(".map-box.is-new").first().waitFor();
  await expectAccessible(page, "the map compared, light");
  await takePicture(page, "map-compared-light-1280");
}

/** Prints figures; fails where the layout is slow, the drawing unbounded or the heap grows. */
async function measureLarge(page: Page, url: string): Promise<void> {
  let asked = 0;
  await page.route("**/api/ciliascope/v1/map?**", (route) =>
    route.fulfill({ json: largeMap(asked++) }),
  );
  await page.goto(`${url}/map?hide=none&refresh=off`);
  await page.getByText(/quiet islands are folded/).waitFor();
  await page.locator(".map-box").first().waitFor();
  const folded = await page.locator(".map-box").count();
  await takePicture(page, "map-500-folded-dark");
  await page.goto(`${url}/map?hide=none&open=*&refresh=1s`);
  await page.locator(".map-box").first().waitFor();
  const layoutMs = Number(await page.locator(".map-frame").getAttribute("data-layout-ms"));
  const boxes = await page.locator(".map-box").count();
  await takePicture(page, "map-500-dark");
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const first = asked;
  const cpuBefore = await metric(session, "TaskDuration");
  const heapBefore = await heapMb(session);
  await waitUntil(() => asked >= first + refreshes, "the map is refreshed");
  const cpuMs = ((await metric(session, "TaskDuration")) - cpuBefore) * 1000;
  const heapAfter = await heapMb(session);
  const panMs = await measurePan(page, session);
  await session.detach();
  console.log(
    `    ${workloads} workloads, ${workloads * podsEach} pods: laid out in ${layoutMs} ms off the main thread; ` +
      `${folded} boxes at first, ${boxes} when all are opened; ${Math.round(cpuMs / (asked - first))} ms of main-thread CPU a refresh, ` +
      `${panMs.toFixed(1)} ms a step of a pan; ` +
      `heap ${heapBefore.toFixed(1)} to ${heapAfter.toFixed(1)} MB over ${asked - first} refreshes`,
  );
  expectEqual(boxes, workloads, "boxes of the large map");
  expectEqual(folded < workloads / 2, true, "boxes at first are bounded");
  expectEqual(layoutMs < layoutMaxMs, true, `laid out in less than ${layoutMaxMs} ms`);
  expectEqual(heapAfter < heapBefore + 10, true, "the heap stays flat");
}

/** Main-thread CPU of one step while a hand drags the whole map about. */
async function measurePan(page: Page, session: CDPSession): Promise<number> {
  const before = await metric(session, "TaskDuration");
  await page.mouse.move(700, 420);
  await page.mouse.down();
  for (let step = 1; step <= panMoves; step++) {
    await page.mouse.move(700 + Math.sin(step / 6) * 250, 420 + Math.cos(step / 6) * 150);
  }
  await page.mouse.up();
  return (((await metric(session, "TaskDuration")) - before) * 1000) / panMoves;
}

async function metric(session: CDPSession, name: string): Promise<number> {
  const { metrics } = await session.send("Performance.getMetrics");
  return metrics.find((one) => one.name === name)?.value ?? 0;
}

async function heapMb(session: CDPSession): Promise<number> {
  await session.send("HeapProfiler.collectGarbage");
  return (await metric(session, "JSHeapUsedSize")) / 1e6;
}

/** Twenty-four teams; each workload calls two of its own team and one elsewhere. Counts rise by `round`. */
function largeMap(round: number): MapAnswer {
  const teamOf = (index: number) => `team-${String((index * 7) % 24).padStart(2, "0")}`;
  const nodes = Array.from(
    { length: workloads },
    (_, index): MapNodeAnswer => ({
      id: `default/${teamOf(index)}/Deployment/service-${index}`,
      kind: "Deployment",
      name: `service-${index}`,
      namespace: teamOf(index),
      cluster: "default",
      identities: [1000 + index],
      podCount: podsEach,
      pods: [],
      labels: [`k8s:app=service-${index}`],
      isOutside: false,
      change: "",
      filter: "",
    }),
  );
  const edges = new Map<string, MapEdgeAnswer>();
  for (const [index, source] of nodes.entries()) {
    const own = nodes.filter(({ namespace }) => namespace === source.namespace);
    const at = own.indexOf(source);
    const near = [own[at + 1], own[at + 3], nodes[(index * 37 + 11) % workloads]];
    for (const [step, destination] of near.entries()) {
      if (destination === undefined || destination === source) continue;
      const edge = largeEdge(source.id, destination.id, 100 + index + step * 40 + round);
      edges.set(edge.id, edge);
    }
  }
  const all = [...edges.values()];
  return {
    level: "workload",
    startMs: 1_768_471_200_000,
    endMs: 1_768_471_500_000,
    seconds: 300,
    heldSinceMs: null,
    completeness: { seen: 0, lost: 0, share: 1, offMs: 0 },
    nodes,
    edges: all,
    flows: all.reduce((sum, edge) => sum + edge.flows, 0),
    other: 0,
    historyStepMs: 60_000,
    vs: null,
    tookMs: 1,
  };
}

function largeEdge(source: string, destination: string, flows: number): MapEdgeAnswer {
  const verdict = flows % 23 === 0 ? "DROPPED" : flows % 5 === 0 ? "REDIRECTED" : "FORWARDED";
  return {
    id: `${source} -> ${destination}`,
    source,
    destination,
    flows,
    perSecond: flows / 300,
    verdict,
    verdicts: { [verdict]: flows },
    dropReasons: verdict === "DROPPED" ? { POLICY_DENIED: flows } : {},
    ports: { "TCP 80": flows },
    portCount: 1,
    l7: [],
    latency: null,
    history: [flows],
    dropHistory: [0],
    firstMs: 0,
    lastMs: 0,
    change: "",
    vs: null,
  };
}
