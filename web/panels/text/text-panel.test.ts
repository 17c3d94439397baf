// @vitest-environment jsdom
import { describe, expect, it } from "vitest";
import { safeHtml } from "./text-panel.tsx";

describe("safeHtml", () => {
  it("renders Markdown", () => {
    expect(safeHtml("# Hi\n\n**b** [x](https://a.example)", "markdown")).toContain(
      "<strong>b</strong>",
    );
  });

  it("takes out what acts, in Markdown and in HTML", () => {
    const evil =
      '<img src=x onerror="alert(1)"><script>alert(1)</script><a href="javascript:alert(1)">x</a><form><input></form><iframe src="https://a.example"></iframe>';
    for (const mode of ["markdown", "html"]) {
      const safe = safeHtml(evil, mode);
      expect(safe).not.toMatch(/onerror|<script|javascript:|<form|<input|<iframe/);
      expect(safe).toContain("<img");
      expect(safe).not.toContain("data-");
    }
  });
});
