/** The overview as Markdown, for a chat or a ticket. Pure. */

import type { Figure } from "./figures.ts";
import type { DroppedPair, Finding, OverviewSentence } from "./findings.ts";

/** What the report holds. */
export interface ReportInput {
  readonly sentence: OverviewSentence;
  readonly findings: readonly Finding[];
  readonly figures: readonly Figure[];
  readonly pairs: readonly DroppedPair[];
  readonly compared: string;
  /** The window in words. */
  readonly window: string;
  readonly href: string;
}

/** Sentence, findings, figures and dropped pairs. */
export function reportText(input: ReportInput): string {
  const { sentence, findings, figures, pairs, compared } = input;
  const lines = [
    `**${sentence.head.replace(/:$/, ".")}** ${sentence.tail}`,
    `Window: ${input.window}. ${compared}${compared === "" ? "" : "."}`,
    "",
    ...findings.map(({ severity, title, reason }) =>
      `- [${severity}] ${title} ${reason}`.trimEnd(),
    ),
    ...(findings.length > 0 ? [""] : []),
    "| Figure | Value | Note |",
    "|---|---|---|",
    ...figures.map(({ label, value, unit, note }) =>
      tableRow([label, `${value} ${unit}`.trim(), note]),
    ),
  ];
  if (pairs.length > 0) {
    lines.push("", "| Source | Destination | Flows | Because of |", "|---|---|---|---|");
    for (const pair of pairs) {
      const to = `${pair.destination}${pair.port === "" ? "" : ` :${pair.port}`}`;
      lines.push(tableRow([pair.source, to, String(pair.flows), pair.because ?? pair.reason]));
    }
  }
  lines.push("", input.href);
  return lines.join("\n");
}

/** A name with a bar would end its cell. */
function tableRow(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
}
