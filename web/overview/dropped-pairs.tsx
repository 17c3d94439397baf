/** Who is dropped by whom, how often, and because of which policy, rule and line. A row leads to its flows. */

import { pageHref } from "../app/navigation.tsx";
import { groupThousands } from "../charts/plain-number.ts";
import { Link, useRoute } from "../router/router-context.tsx";
import { Glyph } from "../ui/glyph.tsx";
import { Note } from "../ui/notes.tsx";
import { type DroppedPair, reasonWords } from "./findings.ts";

interface DroppedPairsProps {
  /** null: no flows are kept; undefined: under way. */
  readonly pairs: readonly DroppedPair[] | null | undefined;
  /** Dropped flows of the window in all. */
  readonly matched: number;
}

export function DroppedPairs({ pairs, matched }: DroppedPairsProps) {
  return (
    <article className="panel">
      <div className="panel-head">
        <h2>Who is dropped, and why</h2>
        {matched > 0 && (
          <span className="panel-meta">{groupThousands(matched)} flows in this window</span>
        )}
      </div>
      <PairsBody pairs={pairs} />
    </article>
  );
}

function PairsBody({ pairs }: Pick<DroppedPairsProps, "pairs">) {
  const { params } = useRoute();
  if (pairs === undefined) return null;
  if (pairs === null) {
    return (
      <Note kind="mute" title="No flows came in this window.">
        A source is given with <code>--flows grpc://HOST:4245</code>, Hubble Relay's address;
        Settings shows their state.
      </Note>
    );
  }
  if (pairs.length === 0) {
    return (
      <Note kind="ok" title="No flow was dropped in this window.">
        The gauge above says how much of the traffic was seen.
      </Note>
    );
  }
  return (
    <div className="overview-scroll">
      <table className="pairs-table">
        <caption className="visually-hidden">Dropped flows by source and destination</caption>
        <thead>
          <tr>
            <th>Source</th>
            <th>Destination</th>
            <th className="num">Flows</th>
            <th>Because of</th>
          </tr>
        </thead>
        <tbody>
          {pairs.map((pair) => (
            <tr key={`${pair.filter} ${pair.isL7}`}>
              <td>
                <Link
                  className="plain-link"
                  href={pageHref(
                    `/flows?q=${encodeURIComponent(`--verdict DROPPED ${pair.filter}`)}`,
                    params,
                  )}
                >
                  {pair.source === "" ? "unknown" : pair.source}
                </Link>
              </td>
              <td>
                {pair.destination === "" ? "unknown" : pair.destination}
                {pair.port !== "" && ` :${pair.port}`}
              </td>
              <td className="num">{groupThousands(pair.flows)}</td>
              <td className="mid pair-because" title={pair.because ?? reasonWords(pair.reason)}>
                {pair.isOver && <Glyph kind="ok" label="ended" />}{" "}
                {pair.because ?? reasonWords(pair.reason)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
