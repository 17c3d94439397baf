/** The queries of Explore, a row each: letter, editor, what came of it. */

import { lazy, Suspense, useMemo } from "react";
import { ApiError } from "../api/api-client.ts";
import { durationText } from "../ui/duration-text.ts";
import { Badge, Glyph } from "../ui/glyph.tsx";
import { Icon } from "../ui/icon.tsx";
import { refIdOf } from "./explore-state.ts";
import { findFault } from "./parse-error.ts";
import type { ExploreRow } from "./use-explore-queries.ts";

const QueryEditor = lazy(async () => ({
  default: (await import("./query-editor.tsx")).QueryEditor,
}));

interface QueryRowsProps {
  /** Texts as typed, with ids that stay with their row. */
  readonly drafts: readonly { readonly id: number; readonly text: string }[];
  readonly rows: readonly ExploreRow[];
  readonly onChange: (id: number, text: string) => void;
  readonly onRemove: (id: number) => void;
  readonly onRun: () => void;
  /** An editor got the focus; `insert` puts text at its cursor, also after the focus went away. */
  readonly onFocus: (insert: (text: string) => void) => void;
}

/** All rows; a fault is shown only while the text is still the one that was run. */
export function QueryRows(props: QueryRowsProps) {
  const { drafts, rows, onChange, onRemove, onRun, onFocus } = props;
  return (
    <div className="explore-queries">
      {drafts.map(({ id, text }, index) => (
        <QueryRow
          key={id}
          letter={refIdOf(index)}
          text={text}
          row={rows[index]}
          isAlone={drafts.length === 1}
          isFocused={text === "" && index === drafts.length - 1}
          onChange={(next) => onChange(id, next)}
          onRemove={() => onRemove(id)}
          onRun={onRun}
          onFocus={onFocus}
        />
      ))}
    </div>
  );
}

interface QueryRowProps {
  readonly letter: string;
  readonly text: string;
  readonly row: ExploreRow | undefined;
  readonly isAlone: boolean;
  readonly isFocused: boolean;
  readonly onChange: (text: string) => void;
  readonly onRemove: () => void;
  readonly onRun: () => void;
  readonly onFocus: (insert: (text: string) => void) => void;
}

function QueryRow(props: QueryRowProps) {
  const { letter, text, row } = props;
  const isAsRun = row !== undefined && row.expr === text;
  const error = isAsRun ? row.error : null;
  const message = error?.message;
  const fault = useMemo(
    () => (message === undefined ? undefined : findFault(message, text)),
    [message, text],
  );
  return (
    <div className="query-row">
      <div className="query-letter" aria-hidden="true">
        {letter}
      </div>
      <div className="query-main">
        <Suspense fallback={<pre className="query-plain mono">{text}</pre>}>
          <QueryEditor
            label={`Query ${letter}`}
            text={text}
            fault={fault}
            isFocused={props.isFocused}
            onChange={props.onChange}
            onRun={props.onRun}
            onFocus={props.onFocus}
          />
        </Suspense>
        {error !== null && (
          <div className="query-error" role="alert">
            <Glyph kind="crit" />
            <span>
              {fault !== undefined
                ? `${fault.line > 1 ? `Line ${fault.line}, column` : "Column"} ${fault.column}: ${fault.text}`
                : error.message}
            </span>
          </div>
        )}
        {row?.isLoading === true && <div className="query-progress" />}
      </div>
      <div className="query-meta">
        <RowOutcome row={row} isAsRun={isAsRun} text={text} />
        {!props.isAlone && (
          <button
            type="button"
            className="control is-ghost is-small is-icon"
            aria-label={`Remove query ${letter}`}
            title="Remove this query"
            onClick={props.onRemove}
          >
            <Icon name="close" />
          </button>
        )}
      </div>
    </div>
  );
}

function RowOutcome({
  row,
  isAsRun,
  text,
}: {
  readonly row: ExploreRow | undefined;
  readonly isAsRun: boolean;
  readonly text: string;
}) {
  if (text.trim() === "") return null;
  if (!isAsRun) return <span>changed, ⌘↵ runs it</span>;
  if (row?.error) {
    const isRefused = row.error instanceof ApiError && row.error.kind === "bad_data";
    return <Badge kind="crit">{isRefused ? "Not run" : "Failed"}</Badge>;
  }
  if (row?.answer === undefined) return <span>{row?.isLoading === true ? "running" : ""}</span>;
  const { series, durationMs, text: stringResult } = row.answer;
  const count = stringResult !== undefined ? 1 : series.length;
  return (
    <>
      <Badge kind={count === 0 ? "mute" : "ok"}>{`${count} series`}</Badge>
      <span>{durationText(durationMs)}</span>
    </>
  );
}
