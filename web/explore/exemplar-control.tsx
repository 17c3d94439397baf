/** Whether exemplars are drawn, and where their traces are: kept in the browser, a link may bring its own. */

import { useState } from "react";
import { Popover } from "../ui/popover.tsx";
import { templateProblem } from "./exemplars.ts";

const storageKey = "ciliascope.trace-url";

/** The address for traces kept in this browser; "" where there is none. */
export function readTraceTemplate(storage: Pick<Storage, "getItem"> | undefined): string {
  try {
    return storage?.getItem(storageKey) ?? "";
  } catch {
    // Storage is switched off: nothing is kept.
    return "";
  }
}

interface ExemplarControlProps {
  readonly isShown: boolean;
  readonly count: number | undefined;
  readonly template: string;
  readonly onShow: (isShown: boolean) => void;
  readonly onTemplate: (template: string) => void;
}

export function ExemplarControl(props: ExemplarControlProps) {
  const { isShown, count, template } = props;
  const [text, setText] = useState(template);
  const problem = templateProblem(text);
  return (
    <Popover
      label="Exemplars"
      buttonClass="control is-ghost is-small"
      paneClass="exemplar-pane"
      button={
        <>
          <i className={`exemplar-mark ${isShown ? "" : "is-off"}`} />
          Exemplars
          {isShown && count !== undefined && <span className="dim">{count}</span>}
        </>
      }
    >
      {() => (
        <div className="exemplar-form">
          <label className="exemplar-check">
            <input
              type="checkbox"
              checked={isShown}
              onChange={(event) => props.onShow(event.target.checked)}
            />
            Show exemplars on the graph
          </label>
          <label htmlFor="trace-template">Address of a trace</label>
          <input
            id="trace-template"
            className="text-input mono"
            placeholder="https://traces.example/trace/{trace_id}"
            value={text}
            aria-invalid={problem !== undefined}
            onChange={(event) => {
              setText(event.target.value);
              if (templateProblem(event.target.value) === undefined) {
                props.onTemplate(event.target.value);
              }
            }}
          />
          <p className="dim">
            {problem ??
              "{trace_id} and any other label of the exemplar are filled in. Kept in this browser; a link may bring its own (trace=…)."}
          </p>
        </div>
      )}
    </Popover>
  );
}

/** Keeps the address for traces in this browser. */
export function keepTraceTemplate(
  storage: Pick<Storage, "setItem"> | undefined,
  template: string,
): void {
  try {
    storage?.setItem(storageKey, template);
  } catch {
    // Full or switched off: it lasts as long as the page.
  }
}
