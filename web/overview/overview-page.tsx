/** Is my network well? A sentence, what needs somebody, figures, drops now against usual, who is dropped and why, nodes. The split of the drops is in the address (`by`). */

import { useState } from "react";
import { useServerStatus } from "../api/server-queries.ts";
import { pageHref } from "../app/navigation.tsx";
import { usePageDefaults } from "../app/page-defaults.ts";
import { PageFrame } from "../app/page-frame.tsx";
import { Link, useRoute } from "../router/router-context.tsx";
import { AddTargets } from "../targets/add-targets.tsx";
import { downReason } from "../targets/down-reason.ts";
import { clockLabel } from "../time/time-axis.ts";
import { usePageTime } from "../time/time-context.tsx";
import { formatInstant } from "../time/time-range.ts";
import { Glyph, type GlyphKind } from "../ui/glyph.tsx";
import { Icon } from "../ui/icon.tsx";
import { Note, Skeleton } from "../ui/notes.tsx";
import { DroppedPairs } from "./dropped-pairs.tsx";
import { DropsChart } from "./drops-chart.tsx";
import { DropsTable } from "./drops-table.tsx";
import { makeFigures } from "./figures.ts";
import { FiguresRow } from "./figures-row.tsx";
import { type Finding, findFindings, overviewSentence, type Severity } from "./findings.ts";
import { NodesPanel } from "./nodes-panel.tsx";
import { comparedWith, lastValue, partOf } from "./overview-queries.ts";
import { reportText } from "./report-text.ts";
import { type OverviewData, useOverview } from "./use-overview.ts";
import "./overview.css";

/** The page at /. */
export function OverviewPage() {
  return (
    <PageFrame title="Overview" defaults={usePageDefaults()}>
      <Overview />
    </PageFrame>
  );
}

function Overview() {
  const data = useOverview();
  const status = useServerStatus();
  const { figures, moment } = data;
  const failed = figures.error ?? moment.error;
  if (failed !== null && figures.data === undefined) {
    return (
      <Note kind="crit" title="The overview cannot be read.">
        {failed.message}
      </Note>
    );
  }
  if (figures.data === undefined || moment.data === undefined || data.pairs.isPending) {
    return <Skeleton label="Reading the overview" />;
  }
  const told = tell(data);
  return (
    <div className={`overview ${figures.isPlaceholderData ? "is-stale" : ""}`}>
      {status.data?.isSelfScrapeOnly === true && <AddTargets configFile={status.data.configFile} />}
      <FindingsSection told={told} data={data} />
      <FiguresRow figures={told.figures} />
      <section className="sheet overview-drops" aria-label="Drops">
        <DropsChart window={data.window} usual={data.usual.data} isCounted={told.isCounted} />
        <DropsTable moment={moment.data} usual={data.usual.data} isCounted={told.isCounted} />
      </section>
      <section className="sheet overview-who" aria-label="Who and where">
        <DroppedPairs
          pairs={told.hasFlows ? data.pairs.pairs : null}
          matched={data.pairs.matched}
        />
        <NodesPanel moment={moment.data} />
      </section>
    </div>
  );
}

/** What the page says, worked out from the answers. */
function tell(data: OverviewData) {
  const moment = data.moment.data ?? [];
  const series = data.figures.data?.series ?? [];
  const endpointStates = partOf(moment, "endpoints").map((one) => ({
    state: one.labels["endpoint_state"] ?? "",
    count: lastValue(one) ?? 0,
  }));
  const importErrors = lastValue(partOf(moment, "import_errors")[0]);
  const usual = data.usual.data;
  const told = data.completeness.data;
  // Nothing seen and nothing lost: no source tells anything, which is no 100 %.
  const hasFlows = told === undefined || (told !== null && told.seen + told.lost > 0);
  const completeness = hasFlows ? told : null;
  const findings = findFindings({
    pairs: data.pairs.pairs ?? [],
    drops: { now: lastValue(partOf(series, "drops")[0]), usual: usual?.drops },
    dns: { now: lastValue(partOf(series, "dns")[0]), usual: usual?.dns },
    importErrors,
    completeness,
    unreachable: partOf(moment, "unreachable").map((one) => ({
      node: one.labels["node"] ?? one.labels["instance"] ?? "a node",
      count: lastValue(one) ?? 0,
    })),
    endpoints: endpointStates,
    unmanaged: lastValue(partOf(series, "unmanaged")[0]),
    targetsDown: data.targetsDown.map(({ scrapeUrl, lastError, ...rest }) => ({
      address: scrapeUrl,
      error: downReason({ lastError, scrapeUrl, ...rest })?.what ?? lastError,
    })),
    sources: (data.sources.data?.sources ?? []).flatMap(({ name, trouble }) =>
      trouble === null ? [] : [{ name, ...trouble }],
    ),
    alerts: data.alerts.data ?? [],
  });
  const range = data.figures.data?.range ?? { fromMs: 0, toMs: 1 };
  const figures = makeFigures({
    series,
    range,
    stepMs: data.figures.data?.stepMs ?? 1000,
    window: data.window ?? "5m",
    usual,
    importErrors,
    completeness,
    alerts: data.alerts.data,
    endpointStates,
  });
  const sentence = overviewSentence(findings, {
    share: completeness?.share,
    flows: completeness?.seen,
    dropped: data.pairs.matched,
  });
  return {
    findings,
    figures,
    sentence,
    range,
    compared: comparedWith(usual),
    hasFlows,
    isCounted: partOf(series, "drops").length > 0,
  };
}

/** What `tell` gives. */
type Told = ReturnType<typeof tell>;

const severityGlyphs: Readonly<Record<Severity, { kind: GlyphKind; word: string }>> = {
  crit: { kind: "crit", word: "Critical" },
  warn: { kind: "warn", word: "Warning" },
  soon: { kind: "pending", word: "Coming up" },
  info: { kind: "info", word: "Worth a look" },
};

function FindingsSection({ told, data }: { readonly told: Told; readonly data: OverviewData }) {
  const { sentence, findings, compared } = told;
  return (
    <section className="findings" aria-label="What needs you">
      <div className="findings-head">
        <p className="findings-sentence">
          {sentence.head} <span className="dim">{sentence.tail}</span>
        </p>
        <i className="spacer" />
        <span className="dim truncate wide-only findings-compared" title={compared.whole}>
          {compared.short}
        </span>
        <CopyReport told={told} data={data} />
      </div>
      {findings.length > 0 && (
        <ul>
          {findings.map((finding) => (
            <FindingLine key={finding.key} finding={finding} fromMs={told.range.fromMs} />
          ))}
        </ul>
      )}
    </section>
  );
}

/** A beginning this close to the window's start says: all along. */
const allAlongMs = 10_000;

function FindingLine({ finding, fromMs }: { readonly finding: Finding; readonly fromMs: number }) {
  const { params } = useRoute();
  const { zone } = usePageTime();
  const glyph = severityGlyphs[finding.severity];
  const { sinceMs } = finding;
  return (
    <li>
      <Link className="finding" href={pageHref(finding.way.path, params)}>
        <Glyph kind={glyph.kind} label={glyph.word} />
        <span className="finding-text">
          <b>{finding.title}</b> <span className="mid">{finding.reason}</span>
        </span>
        <span className="finding-since dim">
          {sinceMs !== undefined &&
            (sinceMs < fromMs + allAlongMs
              ? "the whole window"
              : `since ${clockLabel(sinceMs, zone).slice(0, 5)}`)}
        </span>
        <span className="finding-way">{finding.way.label}</span>
      </Link>
    </li>
  );
}

function CopyReport({ told, data }: { readonly told: Told; readonly data: OverviewData }) {
  const { zone } = usePageTime();
  const [isCopied, setCopied] = useState(false);
  const copy = () => {
    const text = reportText({
      ...told,
      compared: told.compared.whole,
      window: `${formatInstant(told.range.fromMs, zone)} to ${formatInstant(told.range.toMs, zone)} (${zone === "utc" ? "UTC" : "local time"})`,
      pairs: data.pairs.pairs ?? [],
      href: location.href,
    });
    void navigator.clipboard?.writeText(text).then(() => setCopied(true));
  };
  return (
    <button
      type="button"
      className="control is-small"
      title="The sentence, the findings and the figures as Markdown"
      onClick={copy}
    >
      <Icon name="copy" />
      {isCopied ? "Copied" : "Copy as report"}
    </button>
  );
}
