/**
 * The one box for filters: the CLI's grammar coloured while it is typed, completion of flags and
 * values, the place of a fault underlined, history. The colours lie under a transparent input, so that
 * caret, selection and undo are the browser's own.
 */

import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import type { FilterErrorAnswer } from "../../src/api/wire/flows.ts";
import { systemClock } from "../../src/base/clock.ts";
import { useKeys } from "../app/keys-context.ts";
import { groupThousands } from "../charts/plain-number.ts";
import { QueryHistory } from "../explore/query-history.ts";
import { Glyph } from "../ui/glyph.tsx";
import { Icon } from "../ui/icon.tsx";
import { type FilterOption, fieldsOfFlag, flagOptions, valueOptions } from "./filter-completion.ts";
import { type FilterSpot, filterSpot, filterTokens } from "./filter-text.ts";
import { useFlowFields, useFlowValues } from "./use-flows.ts";

interface FlowQueryBoxProps {
  readonly text: string;
  readonly fault: FilterErrorAnswer | undefined;
  readonly onChange: (text: string) => void;
}

/** Typing is put into the address after this pause, ms. */
const commitAfterMs = 300;
const historyShown = 12;
/** Width of a character of the box's font. */
const charPx = 7.5;
const noFlags: ReadonlySet<string> = new Set();

function flowHistory(): QueryHistory {
  try {
    return new QueryHistory(window.localStorage, "ciliascope.flow-queries");
  } catch {
    // Storage is switched off.
    return new QueryHistory(undefined);
  }
}

/** Follows `text` from outside; reports what is typed after a pause, at once with Enter. */
export function FlowQueryBox({ text, fault, onChange }: FlowQueryBoxProps) {
  const box = useDraft(text, onChange);
  const fields = useFlowFields();
  const flags = useMemo(() => fields.data?.flags ?? [], [fields.data]);
  const bareFlags = useMemo(
    () => new Set(flags.filter(({ isBare }) => isBare).map(({ flag }) => flag)),
    [flags],
  );
  const inputRef = useRef<HTMLInputElement>(null);
  const inkRef = useRef<HTMLDivElement>(null);
  const [cursor, setCursor] = useState(0);
  const [popup, setPopup] = useState<"closed" | "complete" | "history">("closed");
  const [active, setActive] = useState(0);
  const spot = popup === "complete" ? filterSpot(box.draft, cursor, bareFlags) : undefined;
  const options = useOptions(spot, popup, flags, fields.data?.fields ?? []);
  const listId = useId();
  const isOpen = popup !== "closed" && options.length > 0;
  const activeIndex = Math.min(active, options.length - 1);
  useKeys([
    { keys: "/", label: "To the filter", group: "Flows", run: () => inputRef.current?.focus() },
  ]);
  const follow = () => {
    if (inkRef.current && inputRef.current) {
      inkRef.current.style.transform = `translateX(${-inputRef.current.scrollLeft}px)`;
    }
  };
  useEffect(follow);
  const close = () => {
    setPopup("closed");
    setActive(0);
  };
  const accept = (option: FilterOption) => {
    const next = option.isWholeLine
      ? { line: option.insert, cursor: option.insert.length }
      : placed(box.draft, spot, option);
    box.set(next.line);
    setActive(0);
    setPopup(option.isWholeLine || spot?.kind === "value" ? "closed" : "complete");
    setCursor(next.cursor);
    const input = inputRef.current;
    input?.focus();
    // After React has put the text there.
    requestAnimationFrame(() => input?.setSelectionRange(next.cursor, next.cursor));
  };
  const step = (by: number) => setActive((activeIndex + by + options.length) % options.length);
  const actions: Readonly<Record<KeyAction, () => void>> = {
    up: () => step(-1),
    down: () => step(1),
    complete: () => setPopup("complete"),
    history: () => setPopup("history"),
    accept: () => {
      const option = options[activeIndex];
      if (option !== undefined) accept(option);
    },
    run: () => {
      box.commit();
      flowHistory().add([box.draft]);
    },
    close,
    leave: () => inputRef.current?.blur(),
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    const action = keyAction(event, isOpen);
    if (action === undefined) return;
    event.preventDefault();
    if (action === "close") event.stopPropagation();
    actions[action]();
  };
  const shown = box.isSettled ? fault : undefined;
  return (
    <div className="flow-query">
      <div className={`flow-query-box ${shown === undefined ? "" : "is-fault"}`}>
        <Icon name="filter" />
        <div className="flow-query-text">
          <div className="flow-query-ink" ref={inkRef} aria-hidden="true">
            <InkedLine line={box.draft} bareFlags={bareFlags} fault={shown} />
          </div>
          <input
            ref={inputRef}
            type="text"
            role="combobox"
            aria-label="Filter flows"
            aria-expanded={isOpen}
            aria-controls={isOpen ? listId : undefined}
            aria-autocomplete="list"
            aria-activedescendant={isOpen ? `${listId}-${activeIndex}` : undefined}
            aria-invalid={shown !== undefined}
            aria-describedby={shown === undefined ? undefined : `${listId}-fault`}
            autoComplete="off"
            autoCapitalize="off"
            spellCheck={false}
            placeholder="Filter as with hubble observe: --verdict DROPPED --to-pod default/deathstar"
            value={box.draft}
            onChange={(event) => {
              const at = event.target.selectionStart ?? event.target.value.length;
              box.type(event.target.value);
              setCursor(at);
              setActive(0);
              setPopup(
                isWorthCompleting(event.target.value, at, bareFlags) ? "complete" : "closed",
              );
            }}
            onSelect={(event) => setCursor(event.currentTarget.selectionStart ?? 0)}
            onScroll={follow}
            onKeyDown={onKeyDown}
            onBlur={() => {
              close();
              box.commit();
              if (box.draft.trim() !== "") flowHistory().add([box.draft]);
            }}
          />
        </div>
        {box.draft === "" ? (
          <kbd>/</kbd>
        ) : (
          <button
            type="button"
            className="flow-query-clear"
            aria-label="Clear the filter"
            title="Clear the filter"
            onClick={() => {
              box.set("");
              inputRef.current?.focus();
            }}
          >
            <Icon name="close" />
          </button>
        )}
      </div>
      {isOpen && (
        <OptionList
          id={listId}
          options={options}
          active={activeIndex}
          popup={popup}
          column={(spot?.start ?? 0) - (inputRef.current?.scrollLeft ?? 0) / charPx}
          onAccept={accept}
        />
      )}
      {shown !== undefined && (
        <FaultLine
          id={`${listId}-fault`}
          fault={shown}
          onMend={(word) =>
            box.set(`${box.draft.slice(0, shown.start)}${word}${box.draft.slice(shown.end)}`)
          }
        />
      )}
    </div>
  );
}

type KeyAction = "up" | "down" | "complete" | "history" | "accept" | "run" | "close" | "leave";

/** What a key does in the box; undefined: what it always does. */
function keyAction(event: KeyboardEvent, isOpen: boolean): KeyAction | undefined {
  if (event.key === " ") return event.ctrlKey ? "complete" : undefined;
  if (!isOpen) {
    const closed: Readonly<Record<string, KeyAction>> = {
      ArrowUp: "history",
      ArrowDown: "complete",
      Enter: "run",
      Escape: "leave",
    };
    return closed[event.key];
  }
  if (event.key === "Tab" && event.shiftKey) return undefined;
  const open: Readonly<Record<string, KeyAction>> = {
    ArrowUp: "up",
    ArrowDown: "down",
    Enter: "accept",
    Tab: "accept",
    Escape: "close",
  };
  return open[event.key];
}

/** What is typed, and the pause before it counts. */
function useDraft(text: string, onChange: (text: string) => void) {
  const [draft, setDraft] = useState(text);
  const sent = useRef(text);
  const cancel = useRef<() => void>(() => undefined);
  useEffect(() => {
    if (text === sent.current) return;
    sent.current = text;
    setDraft(text);
  }, [text]);
  useEffect(() => () => cancel.current(), []);
  const send = (next: string) => {
    cancel.current();
    if (next === sent.current) return;
    sent.current = next;
    onChange(next);
  };
  return {
    draft,
    isSettled: draft === text,
    commit: () => send(draft),
    set(next: string) {
      setDraft(next);
      send(next);
    },
    type(next: string) {
      setDraft(next);
      cancel.current();
      cancel.current = systemClock.after(commitAfterMs, () => send(next));
    },
  };
}

function isWorthCompleting(line: string, cursor: number, bareFlags: ReadonlySet<string>): boolean {
  const spot = filterSpot(line, cursor, bareFlags);
  return spot !== undefined && (spot.kind === "value" || spot.prefix !== "");
}

function placed(draft: string, spot: FilterSpot | undefined, { insert }: FilterOption) {
  const start = spot?.start ?? draft.length;
  const rest = draft.slice(spot?.end ?? draft.length);
  const before = draft.slice(0, start);
  const line = `${before}${insert}${rest.replace(/^ /, "")}`;
  return { line, cursor: before.length + insert.length };
}

/** Options for what stands at the cursor, or the history. */
function useOptions(
  spot: FilterSpot | undefined,
  popup: string,
  flags: Parameters<typeof flagOptions>[1],
  fields: readonly string[],
): readonly FilterOption[] {
  const isValue = spot?.kind === "value";
  const asked = useMemo(
    () => (isValue ? fieldsOfFlag(spot?.flag ?? "", fields) : []),
    [isValue, spot?.flag, fields],
  );
  const values = useFlowValues(asked, spot?.prefix ?? "");
  if (popup === "history") {
    return flowHistory()
      .list()
      .slice(0, historyShown)
      .map((line) => ({ insert: line, label: line, detail: "", isWholeLine: true }));
  }
  if (spot === undefined) return [];
  if (!isValue) return flagOptions(spot, flags);
  const found = asked.length === 0 ? [] : (values.data?.values ?? []);
  const options = valueOptions(spot, found, groupThousands);
  // What is written already needs no completion.
  return options.length === 1 && options[0]?.label === spot.prefix ? [] : options;
}

interface OptionListProps {
  readonly id: string;
  readonly options: readonly FilterOption[];
  readonly active: number;
  readonly popup: string;
  /** Characters from the box's left edge to what is completed. */
  readonly column: number;
  readonly onAccept: (option: FilterOption) => void;
}

function OptionList({ id, options, active, popup, column, onAccept }: OptionListProps) {
  return (
    <div
      className="flow-options"
      style={{
        left: `min(${Math.round(Math.max(0, column) * charPx) + 24}px, max(0px, 100% - 640px))`,
      }}
    >
      <div
        id={id}
        role="listbox"
        aria-label={popup === "history" ? "Filters used before" : "Completions"}
      >
        {options.map((option, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the input holds the focus and its keys choose.
          <div
            key={option.label}
            id={`${id}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === active}
            className={`flow-option ${index === active ? "is-on" : ""}`}
            // The input keeps the focus.
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => onAccept(option)}
          >
            <span className="mono">{option.label}</span>
            <span className="dim truncate">{option.detail}</span>
          </div>
        ))}
      </div>
    </div>
  );
}

interface InkedLineProps {
  readonly line: string;
  readonly bareFlags: ReadonlySet<string>;
  readonly fault: FilterErrorAnswer | undefined;
}

function InkedLine({ line, bareFlags = noFlags, fault }: InkedLineProps) {
  const parts: { key: number; text: string; className: string }[] = [];
  let at = 0;
  for (const { kind, text, start, end } of filterTokens(line, bareFlags)) {
    if (start > at) parts.push({ key: at, text: line.slice(at, start), className: "" });
    const isWrong =
      fault !== undefined && start < Math.max(fault.end, fault.start + 1) && end > fault.start;
    parts.push({ key: start, text, className: `ink-${kind} ${isWrong ? "is-wrong" : ""}` });
    at = end;
  }
  if (at < line.length) parts.push({ key: at, text: line.slice(at), className: "" });
  return parts.map(({ key, text, className }) => (
    <span key={key} className={className}>
      {text}
    </span>
  ));
}

function FaultLine({
  id,
  fault,
  onMend,
}: {
  readonly id: string;
  readonly fault: FilterErrorAnswer;
  readonly onMend: (word: string) => void;
}) {
  const mend = /did you mean ([^?]+)\?/.exec(fault.error)?.[1];
  return (
    <div className="flow-fault" id={id} role="status">
      <Glyph kind="crit" />
      <span>
        Column {fault.start + 1}: {fault.error}
      </span>
      {mend !== undefined && (
        <button type="button" className="control is-small" onClick={() => onMend(mend)}>
          Use {mend}
        </button>
      )}
    </div>
  );
}
