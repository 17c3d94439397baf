/** One target in full: state and error, times, labels, and what discovery said before relabelling. */

import { systemClock } from "../../src/base/clock.ts";
import type { ActiveTarget } from "../api/server-queries.ts";
import { ListDrawer, type ListDrawerNavigation } from "../app/list-drawer.tsx";
import { pageHref } from "../app/navigation.tsx";
import { Link, useRoute } from "../router/router-context.tsx";
import { durationText } from "../ui/duration-text.ts";
import { downReason } from "./down-reason.ts";
import { ageText, healthBadge } from "./targets-table.tsx";

interface TargetDrawerProps extends ListDrawerNavigation {
  readonly target: ActiveTarget;
}

export function TargetDrawer({ target, ...navigation }: TargetDrawerProps) {
  const { params } = useRoute();
  const selector = `{job=${JSON.stringify(target.labels["job"] ?? "")}, instance=${JSON.stringify(target.labels["instance"] ?? "")}}`;
  return (
    <ListDrawer
      {...navigation}
      noun="target"
      keyGroup="Targets"
      badge={healthBadge[target.health]}
      head={<h2 className="truncate">{target.labels["instance"] ?? target.scrapeUrl}</h2>}
      foot={
        <>
          <Link
            className="control is-primary"
            href={pageHref(
              `/explore?q=${encodeURIComponent(`scrape_duration_seconds${selector}`)}`,
              params,
            )}
          >
            Scrape time in Explore
          </Link>
          <Link
            className="control"
            href={pageHref(`/explore?view=table&q=${encodeURIComponent(selector)}`, params)}
          >
            All its series
          </Link>
        </>
      }
    >
      <WhyDown target={target} />
      <section className="drawer-section">
        <h3>Scrape</h3>
        <dl className="pairs">
          <dt>Address</dt>
          <dd className="mono">{target.scrapeUrl}</dd>
          <dt>Pool</dt>
          <dd>{target.scrapePool}</dd>
          <dt>Interval</dt>
          <dd>
            {target.scrapeInterval}, timeout {target.scrapeTimeout}
          </dd>
          <dt>Last scrape</dt>
          <dd>
            {ageText(target.lastScrape, systemClock.nowMs())}
            {target.health !== "unknown" &&
              `, took ${durationText(target.lastScrapeDuration * 1000)}`}
          </dd>
        </dl>
      </section>
      <LabelSection title="Labels" labels={target.labels} />
      <LabelSection title="Discovered, before relabelling" labels={target.discoveredLabels} />
    </ListDrawer>
  );
}

/** The reason in words, what mends it, and the error as the scrape gave it. */
function WhyDown({ target }: { readonly target: ActiveTarget }) {
  const reason = downReason(target);
  if (reason === undefined) return null;
  return (
    <section className="drawer-section why-down">
      <h3>Why it is down</h3>
      <p className="why-down-what">{reason.what}</p>
      <p className="mid">{reason.mend}</p>
      <p className="error-line mono">{target.lastError}</p>
    </section>
  );
}

function LabelSection({
  title,
  labels,
}: {
  readonly title: string;
  readonly labels: Readonly<Record<string, string>>;
}) {
  return (
    <section className="drawer-section">
      <h3>{title}</h3>
      <dl className="pairs mono">
        {Object.entries(labels).map(([name, value]) => (
          <div className="pair" key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
