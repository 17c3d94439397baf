/** Alerts and rules as the server knows them. State, text, grouping and the chosen alert are in the address. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { RuleGroupAnswer } from "../../src/api/wire/rules.ts";
import { systemClock } from "../../src/base/clock.ts";
import { runRangeQuery, useApi, useServerStatus } from "../api/server-queries.ts";
import { useAlerts } from "../app/nav-badges.ts";
import { pageHref } from "../app/navigation.tsx";
import { usePageDefaults } from "../app/page-defaults.ts";
import { PageFrame } from "../app/page-frame.tsx";
import type { PageProps } from "../app/page-props.ts";
import { Link, useRoute, useRouter } from "../router/router-context.tsx";
import { timedKey } from "../time/time-context.tsx";
import { Glyph } from "../ui/glyph.tsx";
import { Note, Skeleton } from "../ui/notes.tsx";
import { AlertDrawer } from "./alert-drawer.tsx";
import {
  type AlertFilter,
  type AlertRow,
  type AlertState,
  alertRows,
  groupLabels,
  groupRows,
  groupTrouble,
  readAlertFilter,
  ruleFilesOf,
} from "./alert-rows.ts";
import { AlertsTable, stateBadges } from "./alerts-table.tsx";
import { RulesTable } from "./rules-table.tsx";
import "./alerts.css";

/** Width of the history column. */
const historyMs = 6 * 3_600_000;
const historyStepMs = 300_000;

/** The page at /alerts and /alerts/rules. */
export function AlertsPage({ segments }: PageProps) {
  return (
    <PageFrame title="Alerts" isFlush defaults={usePageDefaults()}>
      <Alerts view={segments["view"] === "rules" ? "rules" : "alerts"} />
    </PageFrame>
  );
}

function useRuleGroups() {
  const client = useApi();
  return useQuery({
    queryKey: [timedKey, "rules"],
    queryFn: async ({ signal }) =>
      (await client.prometheus<{ groups?: readonly RuleGroupAnswer[] }>("rules", {}, { signal }))
        .data.groups ?? [],
    placeholderData: keepPreviousData,
  });
}

/** Series of ALERTS over the last hours; asked only where something could be in them. */
function useAlertSeries() {
  const client = useApi();
  return useQuery({
    queryKey: ["alert-history"],
    queryFn: async ({ signal }) => {
      const toMs = Math.floor(systemClock.nowMs() / historyStepMs) * historyStepMs + historyStepMs;
      const window = { fromMs: toMs - historyMs, toMs, stepMs: historyStepMs };
      const run = await runRangeQuery(client, { expr: "ALERTS", refId: "", ...window }, signal);
      return { series: run.series, window };
    },
    refetchInterval: 60_000,
    placeholderData: keepPreviousData,
  });
}

function Alerts({ view }: { readonly view: "alerts" | "rules" }) {
  const router = useRouter();
  const { params } = useRoute();
  const groups = useRuleGroups();
  const alerts = useAlerts();
  const history = useAlertSeries();
  const failed = groups.error ?? alerts.error;
  if (groups.data === undefined || alerts.data === undefined) {
    return failed !== null ? (
      <Note kind="crit" title="The alerts cannot be read.">
        {failed.message}
      </Note>
    ) : (
      <Skeleton label="Reading alerts" />
    );
  }
  const rows = alertRows(groups.data, alerts.data);
  const filter = readAlertFilter(params);
  const shown = groupRows(rows, filter);
  const flat = shown.flatMap((group) => group.rows);
  const chosen = flat.find(({ key }) => key === params.get("sel"));
  const choose = (key: string | null) => router.setParams({ sel: key });
  const hasNothing = groups.data.length === 0 && alerts.data.length === 0;
  return (
    <>
      <AlertsToolbar view={view} rows={rows} filter={filter} groups={groups.data} />
      <GroupTroubles groups={groups.data} />
      <div className="split">
        <div className="split-main">
          {hasNothing ? (
            <NoRules />
          ) : view === "rules" ? (
            <RulesTable groups={groups.data} text={filter.text} />
          ) : flat.length === 0 ? (
            <NothingFound />
          ) : (
            <AlertsTable
              groups={shown}
              history={history.data}
              chosen={chosen?.key}
              onChoose={choose}
            />
          )}
        </div>
        {view === "alerts" && chosen !== undefined && (
          <AlertDrawer
            row={chosen}
            position={{ index: flat.indexOf(chosen), count: flat.length }}
            onMove={(step) => {
              const next = flat[flat.indexOf(chosen) + step];
              if (next !== undefined) choose(next.key);
            }}
            onClose={() => choose(null)}
          />
        )}
      </div>
    </>
  );
}

interface AlertsToolbarProps {
  readonly view: "alerts" | "rules";
  readonly rows: readonly AlertRow[];
  readonly filter: AlertFilter;
  readonly groups: readonly RuleGroupAnswer[];
}

function AlertsToolbar({ view, rows, filter, groups }: AlertsToolbarProps) {
  const router = useRouter();
  const { params } = useRoute();
  const ruleCount = groups.reduce((sum, group) => sum + group.rules.length, 0);
  const tabs = [
    { name: "alerts", path: "/alerts", label: "Alerts" },
    { name: "rules", path: "/alerts/rules", label: `Rules ${ruleCount}` },
  ];
  return (
    <div className="toolbar">
      <nav className="segmented" aria-label="Alerts and rules">
        {tabs.map((tab) => (
          <Link
            key={tab.name}
            className={`segment ${tab.name === view ? "is-on" : ""}`}
            aria-current={tab.name === view ? "page" : undefined}
            href={pageHref(tab.path, params)}
          >
            {tab.label}
          </Link>
        ))}
      </nav>
      <input
        className="text-input"
        type="search"
        aria-label={view === "rules" ? "Filter rules" : "Filter alerts"}
        placeholder={view === "rules" ? "Name, query or file" : "Name, label=value or summary"}
        value={filter.text}
        onChange={(event) => router.setParams({ q: event.target.value || null }, { replace: true })}
      />
      <i className="spacer" />
      {view === "alerts" && <StateChips rows={rows} filter={filter} />}
      {view === "alerts" && rows.length > 0 && (
        <label className="select-control">
          <span className="dim">Group by</span>
          <select
            value={filter.by}
            onChange={(event) => router.setParams({ group: event.target.value || null })}
          >
            <option value="">nothing</option>
            <option value="group">rule group</option>
            {groupLabels(rows).map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      )}
    </div>
  );
}

function StateChips({
  rows,
  filter,
}: {
  readonly rows: readonly AlertRow[];
  readonly filter: AlertFilter;
}) {
  const router = useRouter();
  return (["firing", "pending", "normal"] as AlertState[]).map((state) => {
    const isOn = filter.state === state;
    return (
      <button
        key={state}
        type="button"
        className={`chip alert-chip ${isOn ? "is-on" : ""}`}
        aria-pressed={isOn}
        onClick={() => router.setParams({ state: isOn ? null : state })}
      >
        {stateBadges[state].word} {rows.filter((row) => row.state === state).length}
      </button>
    );
  });
}

/** Groups that are not evaluated as they should be. */
function GroupTroubles({ groups }: { readonly groups: readonly RuleGroupAnswer[] }) {
  const nowMs = systemClock.nowMs();
  const troubles = groups.flatMap((group) => {
    const trouble = groupTrouble(group, nowMs);
    return trouble === undefined ? [] : [{ group, trouble }];
  });
  // A rule that cannot be evaluated says more than a group that is late.
  const isBroken = ({ rules }: RuleGroupAnswer) => rules.some(({ health }) => health === "err");
  const first = troubles.find(({ group }) => isBroken(group)) ?? troubles[0];
  if (first === undefined) return null;
  return (
    <div className="banner is-warn" role="status">
      <Glyph kind="warn" />
      <span className="banner-text">
        <b>Rule group {first.group.name}.</b> {first.trouble} ({first.group.file})
        {troubles.length === 2 && " One more group has trouble."}
        {troubles.length > 2 && ` ${troubles.length - 1} more groups have trouble.`}
      </span>
    </div>
  );
}

function NothingFound() {
  const router = useRouter();
  return (
    <Note
      kind="mute"
      title="No alert matches."
      actions={
        <button
          type="button"
          className="control"
          onClick={() => router.setParams({ state: null, q: null })}
        >
          Show all alerts
        </button>
      }
    >
      State and text must both fit.
    </Note>
  );
}

/** Nothing to show, and why: what is configured, what is done with it. */
function NoRules() {
  const client = useApi();
  const status = useServerStatus();
  const config = useQuery({
    queryKey: ["config"],
    queryFn: async ({ signal }) =>
      (await client.prometheus<{ yaml: string }>("status/config", {}, { signal })).data.yaml,
    staleTime: 30_000,
  });
  if (config.data === undefined) return <Skeleton label="Reading the configuration" />;
  const files = ruleFilesOf(config.data);
  if (files.length > 0) {
    return (
      <Note kind="warn" title="Rules are configured, and not evaluated yet.">
        <p>
          <code>rule_files</code> names {files.length === 1 ? "this file" : "these files"}. This
          version evaluates nothing of them: no series is recorded and no alert fires.
        </p>
        <ul className="rule-files">
          {files.map((file) => (
            <li key={file}>
              <code>{file}</code>
            </li>
          ))}
        </ul>
        <p>Until then an alert can be watched as a query in Explore or a panel of a dashboard.</p>
      </Note>
    );
  }
  return (
    <Note title="No rules are configured.">
      <p>
        An alert needs an alerting rule: a query that gives a result when something is wrong. Put
        rules into a file and name it under <code>rule_files</code> in{" "}
        {status.data?.configFile === undefined ? (
          <>
            the file of <code>--config</code>
          </>
        ) : (
          <code>{status.data.configFile}</code>
        )}
        . This version does not evaluate rules yet, and says so when it finds some.
      </p>
      <p>
        What is wrong now stands on the overview, without any rule.{" "}
        <Link className="link" href="/">
          Open the overview
        </Link>
      </p>
    </Note>
  );
}
