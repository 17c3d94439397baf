/**
 * `npx tsx tools/write-laboratory-docs.ts [--check]`: writes the table of the laboratory's metrics into
 * docs/laboratory.md, between its two markers, from the tables that the laboratory itself uses.
 * --check: exit 1 when the page is not up to date.
 */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { agentRows } from "../src/lab/cilium-metrics/agent-rows.ts";
import { recordedMetrics } from "../src/lab/cilium-metrics/generated/recorded-metrics.ts";
import { type MetricRow, rowType } from "../src/lab/cilium-metrics/metric-book.ts";
import { operatorRows } from "../src/lab/cilium-metrics/operator-rows.ts";
import { ciliumVersions } from "../src/lab/lab-state.ts";
import { absentReasonOf } from "./absent-metrics.ts";

const begin = "<!-- metrics:begin, written by tools/write-laboratory-docs.ts -->";
const end = "<!-- metrics:end -->";
const file = join(resolve(import.meta.dirname, ".."), "docs", "laboratory.md");

function span(row: MetricRow): string {
  const first = row.from ?? ciliumVersions[0];
  const last = row.to ?? ciliumVersions[ciliumVersions.length - 1];
  return first === last ? `${first}` : `${first}-${last}`;
}

function table(rows: readonly MetricRow[]): string {
  const lines = rows.map((row) => {
    const cells = [
      `\`${row.name}\``,
      row.labels.map((label) => `\`${label}\``).join(" "),
      rowType(row),
      span(row),
      row.source,
      row.assumed === undefined ? "" : row.assumed.replaceAll("|", "\\|"),
    ];
    return `| ${cells.join(" | ")} |`;
  });
  const head = ["metric", "labels", "type", "versions", "follows from", "assumed"];
  return [`| ${head.join(" | ")} |`, `|${head.map(() => "---").join("|")}|`, ...lines].join("\n");
}

/** What Cilium has and the laboratory does not, by reason. */
function absentTable(): string {
  const served = new Set([...agentRows, ...operatorRows].map(({ name }) => name));
  const byReason = new Map<string, string[]>();
  for (const name of Object.keys(recordedMetrics)) {
    if (served.has(name)) continue;
    const reason = absentReasonOf(name) ?? "no reason yet";
    byReason.set(reason, [...(byReason.get(reason) ?? []), `\`${name}\``]);
  }
  const lines = [...byReason].map(([reason, names]) => `| ${reason} | ${names.join(" ")} |`);
  return ["| reason | metrics |", "|---|---|", ...lines].join("\n");
}

function section(): string {
  return [
    begin,
    `### Agent (${agentRows.length} rows)`,
    "",
    table(agentRows),
    "",
    `### Operator (${operatorRows.length} rows)`,
    "",
    table(operatorRows),
    "",
    "### Recorded of Cilium, and not served",
    "",
    absentTable(),
    end,
  ].join("\n");
}

function pageWith(text: string): string {
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) return `${text.trimEnd()}\n\n${section()}\n`;
  return text.slice(0, from) + section() + text.slice(to + end.length);
}

const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
const before = existsSync(file) ? readFileSync(file, "utf8") : "# The laboratory\n";
const after = pageWith(before);
if (values.check && before !== after) {
  console.error(`${file} is not up to date: run npx tsx tools/write-laboratory-docs.ts`);
  process.exitCode = 1;
} else if (before !== after) writeFileSync(file, after);
