/** The right pane: what a draft would change, as a sentence first, then groups with their reasons, then the draft's rules. */

import type { WireLineHit, WireReplay, WireReplayChange } from "../../src/api/wire/policy.ts";
import type { ApiError } from "../api/api-client.ts";
import { pageHref } from "../app/navigation.tsx";
import { formatPlainNumber } from "../charts/plain-number.ts";
import { Link, useRoute, useRouter } from "../router/router-context.tsx";
import { Glyph } from "../ui/glyph.tsx";
import { Note, Skeleton } from "../ui/notes.tsx";
import { groupFilter } from "./group-filter.ts";
import { countOf } from "./policy-words.ts";

interface ReplayPaneProps {
  readonly report: WireReplay | undefined;
  readonly error: ApiError | Error | null;
  readonly isRunning: boolean;
  /** The draft was changed after it was replayed. */
  readonly isStale: boolean;
  readonly windowText: string;
  /** Without a replay: what the policy in force did. */
  readonly hits: readonly WireLineHit[];
  readonly hasDraft: boolean;
}

/** The pane without its frame. */
export function ReplayPane(props: ReplayPaneProps) {
  const { report, error, isRunning, isStale, windowText, hits, hasDraft } = props;
  return (
    <>
      <div className="pane-head">
        <h2>Replay</h2>
        <span className="dim truncate">
          {report === undefined ? "" : `draft against ${windowText}`}
        </span>
        <i className="spacer" />
        {report !== undefined && (
          <span className="dim">{(report.window.tookMs / 1000).toFixed(1)} s</span>
        )}
      </div>
      <div className="pane-body" aria-busy={isRunning}>
        {isRunning && report === undefined && <Skeleton label="Replaying recorded flows" />}
        {error !== null && !isRunning && (
          <Note kind="crit" title="The draft was not replayed.">
            {error.message}
          </Note>
        )}
        {report !== undefined && error === null ? (
          <Report report={report} isStale={isStale} />
        ) : (
          !isRunning && error === null && <BeforeReplay hits={hits} hasDraft={hasDraft} />
        )}
      </div>
    </>
  );
}

function BeforeReplay({
  hits,
  hasDraft,
}: {
  readonly hits: readonly WireLineHit[];
  readonly hasDraft: boolean;
}) {
  const rules = hits.filter(({ part }) => part === "rule" || part === "subject");
  return (
    <>
      <div className="replay-sentence">
        <p className="sentence">
          {hasDraft ? "This draft was not replayed yet." : "Change this policy without risk."}
        </p>
        <p className="dim">
          {hasDraft ? (
            <>
              Press <kbd>⌘↵</kbd> to judge the recorded flows anew with the draft among the policies
              in force.
            </>
          ) : (
            "Edit it as a draft, then replay the draft against recorded flows. Nothing is written to the cluster."
          )}
        </p>
      </div>
      {rules.length > 0 && (
        <div className="replay-rules">
          <h3>By rule in force</h3>
          <table>
            <caption className="visually-hidden">Flows by rule of the policy in force</caption>
            <tbody>
              {rules.map(({ line, title, allowed, denied, part }) => (
                <tr key={`${line} ${title}`}>
                  <th scope="row">
                    <LineButton line={line}>{title}</LineButton>
                  </th>
                  <td className="num">{formatPlainNumber(allowed + denied)}</td>
                  <td className="num dim">
                    {part === "subject" ? "denied" : denied > 0 ? "denied" : "allowed"}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

function Report({ report, isStale }: { readonly report: WireReplay; readonly isStale: boolean }) {
  const { window, lostGroups, gainedGroups, rules } = report;
  const unseen = 1 - window.completeness;
  return (
    <>
      <div className="replay-sentence" aria-live="polite">
        <p className="sentence">{report.sentence}</p>
        <p className="dim">
          {countOf(window.flows, "flow")} read.{" "}
          {unseen > 0.0005
            ? `${(100 * unseen).toFixed(1)} % of flows in this window were never seen, so the true number may be higher.`
            : "100 % of flows in this window were seen."}
          {report.unexplained > 0 &&
            ` ${countOf(report.unexplained, "flow")} have a verdict that the policies in force do not give either; they are left out.`}
        </p>
        {isStale && (
          <p className="replay-stale">
            <Glyph kind="warn" /> The draft was changed since. Replay it again with <kbd>⌘↵</kbd>.
          </p>
        )}
      </div>
      <dl className="replay-figures">
        <Figure label="Same" count={report.same} />
        <Figure label="Now denied" count={report.lost} kind="dropped" />
        <Figure label="Now allowed" count={report.gained} kind="forwarded" />
      </dl>
      {lostGroups.length + gainedGroups.length > 0 && (
        <ul className="replay-groups">
          {lostGroups.map((group) => (
            <ChangeRow key={changeKey(group)} group={group} isLost />
          ))}
          {gainedGroups.map((group) => (
            <ChangeRow key={changeKey(group)} group={group} isLost={false} />
          ))}
        </ul>
      )}
      {report.moreGroups > 0 && (
        <p className="dim replay-more">and {countOf(report.moreGroups, "more group")}</p>
      )}
      {rules.length > 0 && <RuleTable rules={rules} />}
    </>
  );
}

function changeKey({ source, destination, service, reason, line }: WireReplayChange): string {
  return [source, destination, service, reason, line].join(" ");
}

function Figure({
  label,
  count,
  kind,
}: {
  readonly label: string;
  readonly count: number;
  readonly kind?: "dropped" | "forwarded";
}) {
  return (
    <div>
      <dt>
        {kind !== undefined && <Glyph kind={kind} />}
        {label}
      </dt>
      <dd className={kind === "dropped" && count > 0 ? "is-dropped" : ""}>
        {formatPlainNumber(count)}
      </dd>
    </div>
  );
}

function ChangeRow({
  group,
  isLost,
}: {
  readonly group: WireReplayChange;
  readonly isLost: boolean;
}) {
  const { source, destination, service, line, reason, requests, flows, policy } = group;
  const { params } = useRoute();
  const [protocol, port] = service.split("/");
  const target = `${shortDestination(source, destination)} :${port}${protocol === "TCP" ? "" : ` ${protocol}`}`;
  return (
    <li>
      <Glyph
        kind={isLost ? "dropped" : "forwarded"}
        label={isLost ? "would be denied" : "would be allowed"}
      />
      <div className="replay-group">
        <div className="truncate" title={`${source} → ${destination} ${service}`}>
          {source} → {target}
        </div>
        <div className="dim" title={requests.join("\n")}>
          {line === null ? (
            policy !== "" && `${policy}: `
          ) : (
            <>
              <LineButton line={line}>Line {line}</LineButton>:{" "}
            </>
          )}
          {reason}
        </div>
      </div>
      <Link
        className={`num group-flows ${isLost ? "is-dropped" : ""}`}
        href={pageHref(`/flows?q=${encodeURIComponent(groupFilter(group, isLost))}`, params)}
        aria-label={`${countOf(flows, "flow")} of ${source} to ${destination}`}
        title="Show these flows"
      >
        {formatPlainNumber(flows)}
      </Link>
    </li>
  );
}

/** Within one namespace its name is not said twice. */
function shortDestination(source: string, destination: string): string {
  const namespace = destination.split("/")[0] ?? "";
  return source.startsWith(`${namespace}/`) && destination.includes("/")
    ? destination.slice(namespace.length + 1)
    : destination;
}

function RuleTable({ rules }: { readonly rules: WireReplay["rules"] }) {
  return (
    <div className="replay-rules">
      <h3>By rule of the draft</h3>
      <table>
        <caption className="visually-hidden">Flows by rule of the draft, and the change</caption>
        <tbody>
          {rules.map(({ title, line, flows, before }) => (
            <tr key={`${line} ${title}`}>
              <th scope="row">
                <LineButton line={line}>{title}</LineButton>
              </th>
              <td className="num">{formatPlainNumber(flows)}</td>
              <td className="num dim">{changeText(flows, before)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** "same", "new", "−34". */
export function changeText(flows: number, before: number | null): string {
  if (before === null) return "new";
  if (flows === before) return "same";
  return `${flows > before ? "+" : "−"}${formatPlainNumber(Math.abs(flows - before))}`;
}

/** Shows a line of the draft. */
function LineButton({
  line,
  children,
}: {
  readonly line: number;
  readonly children: React.ReactNode;
}) {
  const router = useRouter();
  return (
    <button
      type="button"
      className="line-button"
      onClick={() => router.setParams({ line: String(line) }, { replace: true })}
    >
      {children}
    </button>
  );
}
