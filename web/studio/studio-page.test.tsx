// @vitest-environment jsdom
import { cleanup, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import type {
  StudioAnswer,
  StudioBackfillAnswer,
  StudioPreviewAnswer,
} from "../../src/api/wire/studio.ts";
import { renderPage } from "../testing/render-page.tsx";

afterEach(cleanup);

const studio: StudioAnswer = {
  handlers: [
    { name: "drop", summary: "Counts drops.", options: {}, conflictsWith: [] },
    {
      name: "dns",
      summary: "Counts DNS.",
      options: { query: "Adds the label query." },
      conflictsWith: [],
    },
  ],
  contexts: ["pod", "workload-name"],
  labels: ["source_pod", "source_workload"],
  contextOptions: ["sourceContext"],
  now: { metrics: ["drop"], source: "default", isStored: false },
  flows: { count: 500, oldestMs: 0, newestMs: 1 },
  intervalMs: 15_000,
  priceExample: "8 USD/1k-series",
};
const suggestion = {
  kind: "replace",
  value: "source_pod->source_workload",
  isOn: true,
  metric: "drop:labelsContext=source_workload",
  what: "source_workload instead of source_pod",
  series: 10,
  isOver: false,
} as const;
const preview: StudioPreviewAnswer = {
  series: 41_206,
  isOver: false,
  byMetric: [],
  byHandler: { drop: 41_206, dns: 7 },
  agents: { nodes: 2, series: 50_000 },
  flows: 500,
  firstMs: 0,
  lastMs: 1,
  growth: { widthMs: 1000, buckets: [{ startMs: 0, newSeries: 41_206 }], guess: null },
  cost: {
    intervalMs: 15_000,
    samplesPerSecond: 2747,
    samplesPerMonth: 1,
    bytesPerSample: 1.6,
    sampleBytesPerMonth: 1e9,
    indexBytesPerMonth: 1e6,
    bytesPerMonth: 212e6,
    money: null,
  },
  labels: [
    {
      label: "source_pod",
      values: 2,
      series: 2,
      top: [{ value: "<img src=x onerror=alert(1)>", series: 1, share: 0.5 }],
    },
  ],
  variants: [
    {
      kind: "source",
      value: "workload-name",
      isOn: true,
      metric: "drop:sourceContext=workload-name",
      what: "sourceContext=workload-name",
      series: 612,
      isOver: false,
    },
  ],
  suggestion,
  against: { series: 2, change: 41_204, added: [], removed: [], byHandler: {} },
  notes: [],
  tookMs: 1,
};
const job: StudioBackfillAnswer = {
  state: "none",
  metrics: [],
  sinceMs: 0,
  untilMs: 0,
  atMs: 0,
  flows: 0,
  series: 0,
  samples: 0,
  refused: 0,
  message: "",
};
const root = "/api/ciliascope/v1/studio";
const answers = {
  [root]: studio,
  [`${root}/preview`]: preview,
  [`${root}/check`]: { isAccepted: true, findings: [] },
  [`${root}/helm`]: { yaml: "hubble:\n  enabled: true\n", set: "--set x", notes: [] },
  [`${root}/backfill`]: job,
  [`${root}/apply`]: { metrics: ["drop"], source: "studio", isStored: true },
};

describe("Metrics studio", () => {
  it("shows what a handler costs, and what makes its series as text", async () => {
    renderPage("/studio", answers);
    await screen.findByRole("heading", { name: "drop" });
    expect((await screen.findAllByText("41 206")).length).toBeGreaterThan(1);
    expect(screen.getByText("+41 204 on now")).toBeTruthy();
    expect(screen.getByText("1.60 B a sample")).toBeTruthy();
    expect(screen.getByText("<img src=x onerror=alert(1)>")).toBeTruthy();
    expect(document.querySelector("img")).toBeNull();
  });

  it("writes a choice into the address and takes the suggestion", async () => {
    const { router } = renderPage("/studio?h=drop", answers);
    const source = await screen.findByRole("group", { name: "sourceContext" });
    fireEvent.click(within(source).getByRole("radio", { name: /workload-name/ }));
    expect(router.location.params.get("opt")).toBe("sourceContext=workload-name");
    fireEvent.click(await screen.findByRole("button", { name: "Take it" }));
    expect(router.location.params.get("opt")).toBe("labelsContext=source_workload");
    fireEvent.click(screen.getByRole("checkbox", { name: "dns on" }));
    expect(router.location.params.get("set")).toContain("dns");
    fireEvent.click(screen.getByRole("button", { name: "Reset" }));
    expect(router.location.params.get("opt")).toBeNull();
  });

  it("points at what the agent refuses and mends it", async () => {
    const finding = {
      item: 0,
      start: 19,
      end: 23,
      effect: "refused",
      message: "unknown context 'pods'",
      mend: "did you mean pod?",
      replacement: "pod",
    };
    const { router } = renderPage("/studio?h=drop&opt=sourceContext=pods", {
      ...answers,
      [`${root}/check`]: { isAccepted: false, findings: [finding] },
      [`${root}/preview`]: () =>
        Response.json({ error: "unknown context 'pods'" }, { status: 400 }),
    });
    expect(await screen.findByText("Refused", { selector: "b" })).toBeTruthy();
    const input = screen.getByRole("textbox", { name: "Options, as Hubble writes them" });
    expect(input.getAttribute("aria-invalid")).toBe("true");
    expect(await screen.findByText("This cannot be counted.")).toBeTruthy();
    fireEvent.click(screen.getByRole("button", { name: "Mend it" }));
    expect(router.location.params.get("opt")).toBe("sourceContext=pod");
  });

  it("switches on here only what is changed and accepted", async () => {
    const { asked } = renderPage("/studio?h=dns&opt=query", answers);
    const button = await screen.findByRole("button", { name: "Switch on here" });
    await waitFor(() => expect(button.hasAttribute("disabled")).toBe(false));
    fireEvent.click(button);
    expect(await screen.findByText("Switched on: counted from now on.")).toBeTruthy();
    expect(asked).toContain(`${root}/apply`);
  });

  it("says what to do without flows, and that the server is gone", async () => {
    renderPage("/studio", {
      ...answers,
      [root]: { ...studio, flows: { count: 0, oldestMs: null, newestMs: null } },
    });
    expect(await screen.findByText("There are no flows to count on.")).toBeTruthy();
    cleanup();
    renderPage("/studio", { [root]: () => new Response("<html>", { status: 502 }) });
    expect(await screen.findByText("The studio cannot be read.")).toBeTruthy();
  });

  it("shows a back-fill under way with its way out", async () => {
    renderPage("/studio", {
      ...answers,
      [`${root}/backfill`]: { ...job, state: "running", untilMs: 100, atMs: 40, samples: 1200 },
    });
    const past = await screen.findByRole("progressbar", { name: "Back-fill" });
    const row = past.parentElement as HTMLElement;
    expect(within(row).getByText("1 200 samples")).toBeTruthy();
    expect(within(row).getByRole("button", { name: "Cancel" })).toBeTruthy();
  });
});
