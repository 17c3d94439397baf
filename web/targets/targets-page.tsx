/** Targets: every scrape pool, each target's health, and why one is down. Filter and chosen target are in the address. */

import { useServerStatus, useTargets } from "../api/server-queries.ts";
import { useKeys } from "../app/keys-context.ts";
import { usePageDefaults } from "../app/page-defaults.ts";
import { PageFrame } from "../app/page-frame.tsx";
import { useRoute, useRouter } from "../router/router-context.tsx";
import { Note, Skeleton } from "../ui/notes.tsx";
import { Segmented } from "../ui/segmented.tsx";
import { AddTargets } from "./add-targets.tsx";
import { DroppedTargets } from "./dropped-targets.tsx";
import { TargetDrawer } from "./target-drawer.tsx";
import { groupTargets, readTargetFilter, type TargetFilter, targetKey } from "./target-list.ts";
import { TargetsTable } from "./targets-table.tsx";

/** The page at /targets. */
export function TargetsPage() {
  return (
    <PageFrame title="Targets" isFlush defaults={usePageDefaults()}>
      <Targets />
    </PageFrame>
  );
}

function Targets() {
  const router = useRouter();
  const { params } = useRoute();
  const status = useServerStatus();
  const targets = useTargets();
  const filter = readTargetFilter(params);
  const chosen = params.get("sel");
  useKeys([
    {
      keys: "/",
      label: "To the filter",
      group: "Targets",
      run: () => document.querySelector<HTMLElement>("#target-filter")?.focus(),
    },
  ]);
  if (targets.data === undefined) {
    return targets.isError ? (
      <Note kind="crit" title="The targets cannot be read.">
        {targets.error.message}
      </Note>
    ) : (
      <Skeleton label="Reading targets" />
    );
  }
  const { activeTargets, droppedTargetCounts } = targets.data;
  const pools = groupTargets(activeTargets, filter);
  const visible = pools.flatMap((pool) => pool.targets);
  const index = visible.findIndex((target) => targetKey(target) === chosen);
  const choose = (key: string | null) => router.setParams({ sel: key });
  const dropped = Object.values(droppedTargetCounts ?? {}).reduce((sum, count) => sum + count, 0);
  return (
    <>
      <TargetsToolbar
        filter={filter}
        poolNames={[...new Set(activeTargets.map((target) => target.scrapePool))].sort()}
        upCount={activeTargets.filter((target) => target.health === "up").length}
        downCount={activeTargets.filter((target) => target.health === "down").length}
        totalCount={activeTargets.length}
        droppedCount={dropped}
      />
      <div className="split">
        <div className="split-main">
          {status.data?.isSelfScrapeOnly === true && (
            <AddTargets configFile={status.data.configFile} />
          )}
          {filter.state === "dropped" ? (
            <DroppedTargets filter={filter} />
          ) : visible.length === 0 ? (
            <NothingFound isFiltered={activeTargets.length > 0} />
          ) : (
            <TargetsTable pools={pools} chosen={chosen} onChoose={choose} />
          )}
        </div>
        {index !== -1 && (
          <TargetDrawer
            target={visible[index] as (typeof visible)[number]}
            position={{ index, count: visible.length }}
            onMove={(step) => {
              const next = visible[index + step];
              if (next !== undefined) choose(targetKey(next));
            }}
            onClose={() => choose(null)}
          />
        )}
      </div>
    </>
  );
}

function NothingFound({ isFiltered }: { readonly isFiltered: boolean }) {
  const router = useRouter();
  if (!isFiltered) {
    return (
      <Note title="There is no target.">
        The configuration names none, or service discovery has not found any yet.
      </Note>
    );
  }
  return (
    <Note
      kind="mute"
      title="No target matches."
      actions={
        <button
          type="button"
          className="control"
          onClick={() => router.setParams({ state: null, pool: null, q: null })}
        >
          Show all targets
        </button>
      }
    >
      State, pool and text must all fit.
    </Note>
  );
}

interface TargetsToolbarProps {
  readonly filter: TargetFilter;
  readonly poolNames: readonly string[];
  readonly upCount: number;
  readonly downCount: number;
  readonly totalCount: number;
  readonly droppedCount: number;
}

function TargetsToolbar(props: TargetsToolbarProps) {
  const { filter, upCount, totalCount } = props;
  const router = useRouter();
  return (
    <div className="toolbar">
      <Segmented
        label="State"
        value={filter.state}
        options={[
          { value: "all", label: `All ${totalCount}` },
          { value: "up", label: `Up ${upCount}` },
          { value: "down", label: `Down ${props.downCount}` },
          { value: "unknown", label: "Not yet scraped" },
          ...(props.droppedCount > 0 || filter.state === "dropped"
            ? [{ value: "dropped" as const, label: `Dropped ${props.droppedCount}` }]
            : []),
        ]}
        onChange={(state) => router.setParams({ state: state === "all" ? null : state })}
      />
      {props.poolNames.length > 1 && (
        <label className="select-control">
          <span className="dim">Pool</span>
          <select
            value={filter.pool}
            onChange={(event) => router.setParams({ pool: event.target.value || null })}
          >
            <option value="">All ({props.poolNames.length})</option>
            {props.poolNames.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      )}
      <input
        id="target-filter"
        className="text-input"
        type="search"
        aria-label="Filter targets"
        placeholder="Address, label=value or error"
        value={filter.text}
        onChange={(event) => router.setParams({ q: event.target.value || null }, { replace: true })}
      />
    </div>
  );
}
