/** The navigation: only pages that exist are here. Below 1360 px it shows icons only; to 768 px it stands behind a button. */

import { useServerStatus } from "../api/server-queries.ts";
import { groupThousands } from "../charts/plain-number.ts";
import { buildHref, updateParams } from "../router/history-router.ts";
import { Link, useRoute } from "../router/router-context.tsx";
import { Glyph } from "../ui/glyph.tsx";
import { Icon } from "../ui/icon.tsx";
import { Popover } from "../ui/popover.tsx";
import { useNavBadges } from "./nav-badges.ts";
import { type PageEntry, pageEntries } from "./page-entries.ts";

/** `path` with what travels from page to page: the range and the zone. */
export function pageHref(path: string, params: URLSearchParams): string {
  const kept = new URLSearchParams();
  for (const name of ["from", "to", "tz", "rail"]) {
    const value = params.get(name);
    if (value !== null) kept.set(name, value);
  }
  const [pathname = "/", query = ""] = path.split("?");
  return buildHref(pathname, updateParams(kept, Object.fromEntries(new URLSearchParams(query))));
}

/** Landmark with the brand, the pages and what is being watched. */
export function Navigation() {
  const { params } = useRoute();
  return (
    <nav className="navigation" aria-label="Main">
      <Link className="brand" href={pageHref("/", params)} aria-label="Ciliascope, overview">
        <Logo />
        <b>Ciliascope</b>
      </Link>
      <WatchedPlace />
      <PageList />
      <ServerFoot />
    </nav>
  );
}

/** The navigation of narrow screens: a button that opens the list of pages. CSS shows the one or the other. */
export function NavigationButton() {
  return (
    <span className="navigation-button">
      <Popover
        label="Pages"
        buttonClass="control is-ghost is-icon"
        button={<Icon name="menu" />}
        paneClass="navigation-pane"
      >
        {(close) => (
          <nav aria-label="Main">
            <PageList onLeave={close} />
          </nav>
        )}
      </Popover>
    </span>
  );
}

interface PageListProps {
  readonly onLeave?: () => void;
}

function PageList({ onLeave }: PageListProps) {
  const { path, params } = useRoute();
  const groups = [...new Set(pageEntries.map((entry) => entry.group))];
  const badges = useNavBadges();
  const isCurrent = (entry: PageEntry) =>
    entry.path === path || (entry.covers !== undefined && path.startsWith(entry.covers));
  return groups.map((group) => (
    <div key={group}>
      <div className="navigation-group">{group}</div>
      {pageEntries
        .filter((entry) => entry.group === group)
        .map((entry) => (
          <Link
            key={entry.path}
            className={`navigation-item ${isCurrent(entry) ? "is-on" : ""}`}
            href={pageHref(entry.path, params)}
            aria-current={isCurrent(entry) ? "page" : undefined}
            title={`${entry.label} (${entry.keys})`}
            onClick={onLeave}
          >
            <Icon name={entry.icon} />
            <span>{entry.label}</span>
            {badges[entry.path] === undefined ? (
              <i className="navigation-key" aria-hidden="true">
                {entry.keys}
              </i>
            ) : (
              <span className="navigation-badge" title={badges[entry.path]?.label}>
                <Glyph kind="crit" label={badges[entry.path]?.label ?? ""} />
                <i aria-hidden="true">{badges[entry.path]?.count}</i>
              </span>
            )}
          </Link>
        ))}
    </div>
  ));
}

/** What this server watches, with its state: the laboratory or the targets of a file. */
function WatchedPlace() {
  const { data, isError } = useServerStatus();
  const { params } = useRoute();
  const name =
    data === undefined ? "connecting" : data.mode === "demo" ? "laboratory" : "configured targets";
  return (
    <Link
      className="watched"
      href={pageHref("/targets", params)}
      title={isError ? "The server does not answer" : `Watching: ${name}`}
    >
      <Glyph kind={isError ? "crit" : data === undefined ? "pending" : "ok"} />
      <span className="truncate">{name}</span>
    </Link>
  );
}

function ServerFoot() {
  const { data } = useServerStatus();
  if (data === undefined) return null;
  const version = data.ciliumVersion === undefined ? "" : `Cilium ${data.ciliumVersion} · `;
  return (
    <div className="navigation-foot">
      <span>
        {version}
        {groupThousands(data.seriesCount)} series
        <br />
        Ciliascope {data.version}
      </span>
    </div>
  );
}

function Logo() {
  return (
    <svg viewBox="0 0 24 24" fill="none" strokeLinecap="round" aria-hidden="true">
      <path d="M4 14.6a8 8 0 0 0 16 0" stroke="var(--fg-1)" strokeWidth="2" />
      <path
        d="M5.4 10.6 3.4 6M9.6 9.4l-.9-5.2M14.4 9.4l.9-5.2M18.6 10.6l2-4.6"
        stroke="var(--fg-1)"
        strokeWidth="1.5"
        opacity="0.6"
      />
      <circle cx="12" cy="14.6" r="2.2" fill="var(--accent)" />
    </svg>
  );
}
