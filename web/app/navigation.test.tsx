// @vitest-environment jsdom
import { cleanup, fireEvent, screen, within } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { renderPage } from "../testing/render-page.tsx";

afterEach(cleanup);

it("opens the pages behind the narrow screens' button, on the present one, and closes when one is chosen", async () => {
  const { router } = renderPage("/targets", {});
  fireEvent.click(await screen.findByRole("button", { name: "Pages" }));
  const pane = screen.getByRole("dialog", { name: "Pages" });
  expect(document.activeElement?.textContent).toContain("Targets");
  fireEvent.click(within(pane).getByRole("link", { name: /^Alerts/ }));
  expect(router.location.path).toBe("/alerts");
  expect(screen.queryByRole("dialog", { name: "Pages" })).toBeNull();
});
