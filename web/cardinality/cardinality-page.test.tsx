// @vitest-environment jsdom
import { cleanup, fireEvent, screen, within } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import { renderPage } from "../testing/render-page.tsx";
// The page is a part of its own: loaded here, so that no test waits for it.
import "./cardinality-page.tsx";

afterEach(cleanup);

const status = {
  status: "success",
  data: {
    headStats: { numSeries: 2000, numLabelPairs: 731, chunkCount: 2100, minTime: 0, maxTime: 1 },
    seriesCountByMetricName: [
      { name: "hubble_flows_processed_total", value: 1500 },
      { name: "up", value: 500 },
    ],
    labelValueCountByLabelName: [{ name: "pod", value: 900 }],
    memoryInBytesByLabelName: [{ name: "pod", value: 12_400 }],
    seriesCountByLabelValuePair: [{ name: "job=hubble", value: 1500 }],
  },
};
const series = ["a", "b"].map((pod) => ({
  __name__: "hubble_flows_processed_total",
  pod,
  verdict: "<i>x</i>",
}));
const answers = {
  "/api/v1/status/tsdb": status,
  "/api/v1/series": { status: "success", data: series },
};

describe("Cardinality", () => {
  it("shows series by metric and label, with shares", async () => {
    renderPage("/cardinality", answers);
    const table = await screen.findByRole("table", { name: "Series by metric" });
    expect(within(table).getByText("75.0 %")).toBeTruthy();
    const labels = screen.getByRole("table", { name: "Bytes of values by label" });
    expect(within(labels).getByText("12.4 kB")).toBeTruthy();
    expect(screen.getByText("731")).toBeTruthy();
  });

  it("opens a metric with its labels and the lines that drop one value", async () => {
    const { router } = renderPage("/cardinality", answers);
    fireEvent.click(await screen.findByRole("button", { name: "hubble_flows_processed_total" }));
    const drawer = await screen.findByRole("complementary");
    fireEvent.click(await within(drawer).findByRole("button", { name: "pod" }));
    expect(router.location.params.get("label")).toBe("pod");
    fireEvent.click(await within(drawer).findByRole("button", { name: /^a/ }));
    expect(within(drawer).getByText(/source_labels: \[__name__, pod\]/)).toBeTruthy();
  });

  it("says so where the series cannot be counted", async () => {
    renderPage("/cardinality", {
      "/api/v1/status/tsdb": () =>
        Response.json(
          { status: "error", errorType: "internal", error: "the head is closed" },
          { status: 500 },
        ),
    });
    expect(await screen.findByText("The series cannot be counted.")).toBeTruthy();
    expect(screen.getByText(/the head is closed/)).toBeTruthy();
  });
});
