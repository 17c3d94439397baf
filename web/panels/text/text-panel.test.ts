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
      expect(safe).not.toContain("<img");
      expect(safe).not.toContain("data-");
    }
  });

  it("leads to pictures of other places instead of loading them, and keeps those in the text", () => {
    expect(safeHtml("![logo](https://a.example/x.png)", "markdown")).toContain(
      '<a href="https://a.example/x.png">Picture: logo</a>',
    );
    expect(safeHtml('<a href="https://b.example"><img src="//a.example/x"></a>', "html")).toBe(
      '<a href="https://b.example"><span>Picture: //a.example/x</span></a>',
    );
    const inline = '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">';
    expect(safeHtml(inline, "html")).toBe(inline);
    expect(safeHtml('<img src="x" alt="<script>alert(1)</script>">', "html")).not.toContain(
      "<script",
    );
  });
});
