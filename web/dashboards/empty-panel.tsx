/** What an empty panel says: which metric it needs and whether this server has it. Loaded when first needed, with the PromQL parser. */

import type { Panel } from "../../src/dashboard/model.ts";
import { useMetricNames } from "../api/server-queries.ts";
import { Glyph } from "../ui/glyph.tsx";
import { metricNamesIn } from "./metric-names.ts";
import type { PanelAnswer } from "./use-panel-data.ts";

/** Names the metrics that this server has never seen; else says that the matchers or the window are at fault. */
export function EmptyPanel({
  answer,
  panel,
}: {
  readonly answer: PanelAnswer;
  readonly panel: Panel;
}) {
  const names = useMetricNames();
  const asked = [...new Set(answer.queries.flatMap((query) => metricNamesIn(query.expr)))];
  const known = names.data === undefined ? undefined : new Set(names.data);
  const missing = known === undefined ? [] : asked.filter((name) => !known.has(name));
  return (
    <div className="panel-note">
      {missing.length > 0 ? (
        <b>
          {missing.length === asked.length ? "" : "Part of "}
          {missing.length === 1 ? "The metric does" : "The metrics do"} not exist here.
        </b>
      ) : (
        <b>No series matches in this window.</b>
      )}
      {asked.slice(0, 5).map((name) => (
        <span className="row" key={name}>
          <Glyph kind={known === undefined ? "pending" : missing.includes(name) ? "crit" : "ok"} />
          <code>{name}</code>
          <span className="dim">{known?.has(name) === true ? "exists" : "was never scraped"}</span>
        </span>
      ))}
      {missing.length === 0 && asked.length > 0 && (
        <span>
          {panel.targets.length > 1 ? "Their" : "Its"} label matchers select nothing, or nothing
          happened yet that it counts.
        </span>
      )}
    </div>
  );
}
