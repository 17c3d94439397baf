/** Where flows come from: state, trouble with its mend, what was seen and lost. */

import type { FlowSourceAnswer, FlowSourcesAnswer } from "../../src/api/wire/flow-sources.ts";
import { lossName, shareText } from "../app/loss-text.ts";
import { groupThousands } from "../charts/plain-number.ts";
import { Badge, type GlyphKind } from "../ui/glyph.tsx";
import { type TableColumn, TableHead } from "../ui/table-head.tsx";

const states: Readonly<Record<FlowSourceAnswer["state"], { kind: GlyphKind; word: string }>> = {
  connected: { kind: "ok", word: "Connected" },
  connecting: { kind: "pending", word: "Connecting" },
  waiting: { kind: "warn", word: "Waiting" },
  ended: { kind: "mute", word: "Ended" },
};

const sourceColumns: readonly TableColumn[] = [
  { label: "State" },
  { label: "Source" },
  { label: "Seen", isNumber: true },
  { label: "Lost", isNumber: true },
  { label: "Complete", isNumber: true },
  { label: "Nodes", isNumber: true },
];

export function FlowSources({ sources }: { readonly sources: FlowSourcesAnswer | null }) {
  if (sources === null || sources.sources.length === 0) {
    return (
      <p>
        There is none. Start the server with <code>--flows grpc://HOST:4245</code> (Hubble Relay),
        <code> --flows FILE</code> or <code>--flows -</code>.
      </p>
    );
  }
  return (
    <table className="sources-table">
      <caption className="visually-hidden">Sources of flows</caption>
      <TableHead columns={sourceColumns} />
      <tbody>
        {sources.sources.map((source) => (
          <SourceRow key={source.name} source={source} />
        ))}
      </tbody>
    </table>
  );
}

function SourceRow({ source }: { readonly source: FlowSourceAnswer }) {
  const state = states[source.state];
  const losses = Object.entries(source.lost).filter(([, count]) => count > 0);
  const lost = losses.reduce((sum, [, count]) => sum + count, 0);
  return (
    <tr>
      <td>
        <Badge kind={state.kind}>{state.word}</Badge>
      </td>
      <td className="source-cell">
        <span className="mono">{source.name}</span> <span className="dim">{source.kind}</span>
        {source.trouble !== null && (
          <div>
            <span className="error-line">{source.trouble.cause}</span>{" "}
            <span className="mid">{source.trouble.mend}</span>
          </div>
        )}
        {losses.length > 0 && (
          <div className="mid">
            {losses
              .map(([cause, count]) => `${lossName(cause)} ${groupThousands(count)}`)
              .join(", ")}
          </div>
        )}
      </td>
      <td className="num">{groupThousands(source.seenFlows)}</td>
      <td className="num">{groupThousands(lost)}</td>
      <td className="num">{shareText(source.completeness)}</td>
      <td className="num">{source.nodes.length}</td>
    </tr>
  );
}
