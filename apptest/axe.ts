/** axe-core in a page: WCAG 2 A and AA, every violation fails. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { expectEqual, projectDir } from "./app-test.ts";

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string; readonly target: readonly string[] }[];
  }[];
}

/** Fails with the rule and the elements that break it. */
export async function expectAccessible(page: Page, what: string): Promise<void> {
  await page.evaluate(readFileSync(join(projectDir, "node_modules/axe-core/axe.min.js"), "utf8"));
  const result = await page.evaluate(async () => {
    const axe = (globalThis as unknown as { axe: { run(...args: unknown[]): Promise<unknown> } })
      .axe;
    const runOnly = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"];
    return (await axe.run(document, { runOnly })) as AxeResult;
  });
  const found = result.violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map((node) => `${node.target.join(" ")} ${node.html}`).join("; ")}`,
  );
  expectEqual(found, [], `axe on ${what}`);
}
