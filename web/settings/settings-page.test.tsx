// @vitest-environment jsdom
import { cleanup, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import { renderPage } from "../testing/render-page.tsx";
// The page is a part of its own: loaded here, so that no test waits for it.
import "./settings-page.tsx";

afterEach(() => {
  cleanup();
  window.localStorage.clear();
});

const success = (data: unknown) => ({ status: "success", data });
const answers = {
  "/api/v1/status/flags": success({ "data-dir": "/data", "flows.metrics-listen": "" }),
  "/api/v1/status/config": success({ yaml: "global:\n  scrape_interval: 15s\n" }),
  "/api/v1/status/buildinfo": success({ version: "3.14.0" }),
  "/api/v1/status/runtimeinfo": success({ reloadConfigSuccess: true, CWD: "/", hostname: "h" }),
};

describe("Settings", () => {
  it("changes the theme and remembers it", async () => {
    renderPage("/settings", answers);
    const themes = await screen.findByRole("radiogroup", { name: "Theme" });
    fireEvent.click(within(themes).getByRole("radio", { name: "Light" }));
    await waitFor(() => expect(document.documentElement.dataset["theme"]).toBe("light"));
  });

  it("turns single keys off", async () => {
    const { router } = renderPage("/settings", answers);
    const keys = await screen.findByRole("radiogroup", { name: "Single keys" });
    fireEvent.click(within(keys).getByRole("radio", { name: "Off" }));
    fireEvent.keyDown(document.body, { key: "g" });
    fireEvent.keyDown(document.body, { key: "t" });
    expect(router.location.path).toBe("/settings");
  });

  it("tells what the server runs with, what it does not listen on too", async () => {
    renderPage("/settings", answers);
    const flags = await screen.findByRole("table", { name: "Flags and their values" });
    expect(within(flags).getByText("--data-dir")).toBeTruthy();
    expect(screen.getByText("nothing (--flows.metrics-listen)")).toBeTruthy();
    expect(screen.getByText(/scrape_interval: 15s/)).toBeTruthy();
    expect(screen.getByText(/There is none\. Start the server with/)).toBeTruthy();
  });
});
