// @vitest-environment jsdom
import { cleanup, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import { quietStatus, renderPage } from "../testing/render-page.tsx";

afterEach(cleanup);

const target = (scrapePool: string, host: string, lastError = "") => ({
  discoveredLabels: { __address__: host },
  labels: { instance: host, job: scrapePool },
  scrapePool,
  scrapeUrl: `http://${host}/metrics`,
  globalUrl: "",
  lastError,
  lastScrape: "2026-01-15T17:41:08Z",
  lastScrapeDuration: 0.0042,
  health: lastError === "" ? "up" : "down",
  scrapeInterval: "2s",
  scrapeTimeout: "1s",
});
const targets = {
  status: "success",
  data: {
    activeTargets: [
      target("agent", "10.0.0.1:9962"),
      target("hubble", "10.0.0.1:9965", "connection refused"),
    ],
    droppedTargets: [],
  },
};

describe("Targets", () => {
  it("lists pools with health and error, and opens a target with its labels before relabelling", async () => {
    const { router } = renderPage("/targets", { "/api/v1/targets": targets });
    const address = await screen.findByRole("button", { name: "http://10.0.0.1:9965/metrics" });
    expect(screen.getByText(/Nobody listens on 10\.0\.0\.1:9965\./)).toBeTruthy();
    expect(screen.getByText("0 of 1 up")).toBeTruthy();
    fireEvent.click(address);
    const drawer = await screen.findByRole("complementary", { name: "Target" });
    expect(within(drawer).getByText("__address__")).toBeTruthy();
    expect(within(drawer).getByText(/the port is closed/)).toBeTruthy();
    expect(router.location.params.get("sel")).toContain("hubble http://10.0.0.1:9965/metrics");
    fireEvent.click(within(drawer).getByRole("button", { name: "Close the target" }));
    await waitFor(() => expect(screen.queryByRole("complementary")).toBeNull());
  });

  it("takes its filter from the address and puts it there", async () => {
    const { router } = renderPage("/targets?state=down", { "/api/v1/targets": targets });
    await screen.findByRole("button", { name: "http://10.0.0.1:9965/metrics" });
    expect(screen.queryByRole("button", { name: "http://10.0.0.1:9962/metrics" })).toBeNull();
    fireEvent.click(screen.getByRole("radio", { name: "All 2" }));
    await screen.findByRole("button", { name: "http://10.0.0.1:9962/metrics" });
    fireEvent.change(screen.getByRole("searchbox", { name: "Filter targets" }), {
      target: { value: "refused" },
    });
    expect(router.location.params.toString()).toBe("q=refused");
  });

  it("names the relabel config that dropped a target", async () => {
    renderPage("/targets?state=dropped", {
      "/api/v1/targets": targets,
      "/api/ciliascope/v1/dropped-targets": {
        counts: { hubble: 1 },
        targets: [
          {
            pool: "hubble",
            discoveredLabels: { __address__: "10.0.0.9:1", __meta_x: "<b>y</b>" },
            droppedBy: {
              index: 2,
              action: "keep",
              sourceLabels: ["__meta_x"],
              value: "<b>y</b>",
              regex: "z",
              targetLabel: "",
            },
          },
        ],
      },
    });
    expect(await screen.findByText("relabel_configs[2]")).toBeTruthy();
    expect(screen.getByText('keeps only __meta_x =~ "z", this has "<b>y</b>"')).toBeTruthy();
  });

  it("says how to add targets while the server scrapes only itself", async () => {
    renderPage("/targets", {
      "/api/v1/targets": targets,
      "/api/ciliascope/v1/status": {
        ...quietStatus,
        mode: "server",
        isSelfScrapeOnly: true,
        configFile: "/etc/prometheus.yml",
      },
    });
    expect(await screen.findByText("/etc/prometheus.yml")).toBeTruthy();
    expect(screen.getByText(/job_name: cilium-agent/)).toBeTruthy();
  });

  it("says that the server is gone", async () => {
    const gone = () => new Response("<html>", { status: 502 });
    renderPage("/targets", { "/api/v1/targets": gone, "/api/ciliascope/v1/status": gone });
    expect((await screen.findByRole("alert")).textContent).toContain("The server does not answer.");
  });
});
