/** Rule groups with their rules: health, query, time of the last evaluation. */

import type { RuleGroupAnswer } from "../../src/api/wire/rules.ts";
import { systemClock } from "../../src/base/clock.ts";
import { pageHref } from "../app/navigation.tsx";
import { Link, useRoute } from "../router/router-context.tsx";
import { ageText } from "../targets/targets-table.tsx";
import { durationText } from "../ui/duration-text.ts";
import { Badge, type GlyphKind } from "../ui/glyph.tsx";
import { Note } from "../ui/notes.tsx";
import { type TableColumn, TableHead } from "../ui/table-head.tsx";
import type { ListedRule } from "./alert-rows.ts";

interface RulesTableProps {
  readonly groups: readonly RuleGroupAnswer[];
  readonly text: string;
}

const ruleColumns: readonly TableColumn[] = [
  { label: "State", width: 96 },
  { label: "Rule", width: "26%" },
  { label: "Query" },
  { label: "Evaluated", width: 110, isNumber: true },
  { label: "Took", width: 84, isNumber: true },
];

export function RulesTable({ groups, text }: RulesTableProps) {
  const nowMs = systemClock.nowMs();
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const passes = ({ rule, group }: ListedRule) => {
    const haystack = `${rule.name} ${rule.query} ${group.file} ${group.name}`.toLowerCase();
    return words.every((word) => haystack.includes(word));
  };
  const shown = groups
    .map((group) => ({ group, rules: group.rules.filter((rule) => passes({ rule, group })) }))
    .filter(({ rules }) => rules.length > 0);
  if (shown.length === 0) return <Note kind="mute" title="No rule matches." />;
  return (
    <table className="alerts-table">
      <caption className="visually-hidden">Rules by group</caption>
      <TableHead columns={ruleColumns} />
      {shown.map(({ group, rules }) => (
        <tbody key={`${group.file} ${group.name}`}>
          <tr className="pool-row">
            <td colSpan={5}>
              {group.name}{" "}
              <span className="dim">
                {group.file}, every {group.interval} s
              </span>
            </td>
          </tr>
          {rules.map((rule, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rules of one name may repeat; the order is the file's.
            <RuleRow key={`${rule.name} ${index}`} rule={rule} nowMs={nowMs} />
          ))}
        </tbody>
      ))}
    </table>
  );
}

function RuleRow({ rule, nowMs }: { readonly rule: ListedRule["rule"]; readonly nowMs: number }) {
  const { params } = useRoute();
  const { kind, word } = stateOf(rule);
  return (
    <tr>
      <td>
        <Badge kind={kind}>{word}</Badge>
      </td>
      <td>
        {rule.name}
        {rule.lastError !== undefined && rule.lastError !== "" && (
          <div className="error-line truncate" title={rule.lastError}>
            {rule.lastError}
          </div>
        )}
      </td>
      <td>
        <Link
          className="plain-link mono"
          title={rule.query}
          href={pageHref(`/explore?q=${encodeURIComponent(rule.query)}`, params)}
        >
          {rule.query}
        </Link>
      </td>
      <td className="num">{ageText(rule.lastEvaluation, nowMs)}</td>
      <td className="num">{durationText(rule.evaluationTime * 1000)}</td>
    </tr>
  );
}

function stateOf(rule: ListedRule["rule"]): { readonly kind: GlyphKind; readonly word: string } {
  if (rule.health === "err") return { kind: "crit", word: "Failing" };
  if (rule.health === "unknown") return { kind: "pending", word: "Not yet" };
  if (rule.type === "recording") return { kind: "ok", word: "Recorded" };
  if (rule.state === "firing") return { kind: "crit", word: "Firing" };
  if (rule.state === "pending") return { kind: "pending", word: "Pending" };
  return { kind: "ok", word: "Normal" };
}
