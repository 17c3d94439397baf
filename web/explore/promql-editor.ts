/**
 * The PromQL editor: a plain class around CodeMirror with setText, setFault and destroy. Highlighting
 * and completion come from codemirror-promql, fed by the live server; errors come from outside.
 */

import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from "@codemirror/autocomplete";
import {
  defaultKeymap,
  history,
  historyKeymap,
  insertNewlineAndIndent,
} from "@codemirror/commands";
import { bracketMatching, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { setDiagnostics } from "@codemirror/lint";
import { EditorState, Prec } from "@codemirror/state";
import { EditorView, keymap, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { PromQLExtension } from "@prometheus-io/codemirror-promql";
import type { QueryFault } from "./parse-error.ts";

/** What the editor reports; the owner keeps them current. */
export interface EditorEvents {
  readonly onChange: (text: string) => void;
  readonly onRun: () => void;
  /** The editor got the focus; `insert` is its own. */
  readonly onFocus: (insert: (text: string) => void) => void;
}

const highlight = HighlightStyle.define([
  {
    tag: [tags.function(tags.variableName), tags.operatorKeyword, tags.modifier],
    color: "var(--syn-fn)",
  },
  {
    tag: [tags.logicOperator, tags.definitionKeyword, tags.controlKeyword],
    color: "var(--syn-fn)",
  },
  { tag: tags.variableName, color: "var(--syn-key)" },
  { tag: tags.string, color: "var(--syn-str)" },
  { tag: tags.number, color: "var(--syn-num)" },
  { tag: tags.comment, color: "var(--syn-com)" },
  { tag: [tags.labelName, tags.name], color: "var(--fg-1)" },
  { tag: [tags.operator, tags.paren, tags.squareBracket, tags.brace], color: "var(--fg-2)" },
]);

const look = EditorView.theme({
  "&": { color: "var(--fg-1)" },
  ".cm-content": {
    fontFamily: "var(--font-mono)",
    fontFeatureSettings: '"zero", "calt" 0',
    padding: "7px 0",
    lineHeight: "20px",
    caretColor: "var(--accent)",
  },
  ".cm-line": { padding: "0 12px" },
  ".cm-cursor": { borderLeftColor: "var(--accent)", borderLeftWidth: "1.5px" },
  ".cm-placeholder": { color: "var(--fg-3)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": {
    background: "var(--accent-bg) !important",
  },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": {
    background: "var(--bg-hover)",
    outline: "1px solid var(--line-2)",
  },
  ".cm-lintRange-error": {
    backgroundImage: "none",
    textDecoration: "underline wavy var(--crit) 1.2px",
    textUnderlineOffset: "4px",
  },
  ".cm-tooltip": {
    background: "var(--bg-overlay)",
    border: "0",
    boxShadow: "var(--e-2)",
    borderRadius: "var(--r-2)",
    color: "var(--fg-1)",
  },
  ".cm-tooltip-autocomplete > ul": {
    fontFamily: "var(--font-mono) !important",
    fontSize: "12px",
    maxHeight: "280px !important",
    minWidth: "330px !important",
    padding: "4px",
  },
  ".cm-tooltip-autocomplete > ul > li": {
    padding: "3px 8px !important",
    borderRadius: "3px",
    display: "flex",
    gap: "8px",
  },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": {
    background: "var(--accent-bg) !important",
    color: "var(--fg-1) !important",
  },
  ".cm-completionLabel": { flex: "1" },
  ".cm-completionMatchedText": { textDecoration: "none", color: "var(--accent)" },
  ".cm-completionDetail": { fontStyle: "normal", color: "var(--fg-3)", marginLeft: "8px" },
  ".cm-completionInfo": {
    maxWidth: "340px",
    padding: "8px 10px !important",
    fontFamily: "var(--font-ui)",
    color: "var(--fg-2)",
    lineHeight: "1.5",
  },
});

/** One editor in one element; the owner calls destroy. */
export class PromqlEditor {
  #view: EditorView;
  #promql: PromQLExtension;
  #events: EditorEvents;
  #isSetting = false;

  constructor(element: HTMLElement, text: string, events: EditorEvents, label: string) {
    this.#events = events;
    this.#promql = new PromQLExtension().activateLinter(false).setComplete({
      remote: {
        url: "",
        fetchFn: (input, init) => fetch(input, init),
        httpMethod: "GET",
        cache: { maxAge: 60_000 },
      },
      maxMetricsMetadata: 10_000,
    });
    this.#view = new EditorView({
      parent: element,
      state: EditorState.create({ doc: text, extensions: this.#extensions(label) }),
    });
  }

  get text(): string {
    return this.#view.state.doc.toString();
  }

  /** Puts `text` in place of the present one, without reporting a change. */
  setText(text: string): void {
    if (text === this.text) return;
    this.#isSetting = true;
    this.#view.dispatch({ changes: { from: 0, to: this.#view.state.doc.length, insert: text } });
    this.#isSetting = false;
  }

  /** Puts `text` where the cursor is, in place of what is selected, and takes the focus. */
  insert(text: string): void {
    this.#view.dispatch(this.#view.state.replaceSelection(text));
    this.#view.focus();
  }

  /** Underlines a fault, or takes the underline away. */
  setFault(fault: QueryFault | undefined): void {
    const length = this.#view.state.doc.length;
    const isInside = fault !== undefined && fault.start <= length;
    const marks = isInside
      ? [
          {
            from: Math.min(fault.start, Math.max(0, length - 1)),
            to: Math.min(length, Math.max(fault.end, fault.start + 1)),
            severity: "error" as const,
            message: `Column ${fault.column}: ${fault.text}`,
          },
        ]
      : [];
    this.#view.dispatch(setDiagnostics(this.#view.state, marks));
  }

  focus(): void {
    this.#view.focus();
    this.#view.dispatch({ selection: { anchor: this.#view.state.doc.length } });
  }

  destroy(): void {
    this.#view.destroy();
    this.#promql.destroy();
  }

  #extensions(label: string) {
    const run = () => {
      this.#events.onRun();
      return true;
    };
    return [
      this.#promql.asExtension(),
      history(),
      closeBrackets(),
      bracketMatching(),
      autocompletion({ icons: false }),
      EditorView.lineWrapping,
      placeholder("A PromQL expression, for example rate(hubble_flows_processed_total[1m])"),
      syntaxHighlighting(highlight),
      look,
      EditorView.contentAttributes.of({ "aria-label": label }),
      Prec.highest(
        keymap.of([
          { key: "Mod-Enter", run },
          { key: "Shift-Enter", run },
        ]),
      ),
      keymap.of([
        ...closeBracketsKeymap,
        ...completionKeymap,
        ...historyKeymap,
        { key: "Enter", run: insertNewlineAndIndent },
        ...defaultKeymap,
        // Reached only when no completion is open: focus is never trapped.
        { key: "Escape", run: leaveEditor },
      ]),
      EditorView.updateListener.of((update) => {
        if (update.docChanged && !this.#isSetting) this.#events.onChange(this.text);
        if (update.focusChanged && update.view.hasFocus) {
          this.#events.onFocus((text) => this.insert(text));
        }
      }),
    ];
  }
}

function leaveEditor(view: EditorView): boolean {
  view.contentDOM.blur();
  return true;
}
