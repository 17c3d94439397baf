/**
 * The PromQL editor. Highlighting and completion come from codemirror-promql, fed by the live server;
 * errors come from outside.
 */

import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from "@codemirror/autocomplete";
import { history, insertNewlineAndIndent } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { setDiagnostics } from "@codemirror/lint";
import { type Extension, Prec } from "@codemirror/state";
import { EditorView, keymap, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { PromQLExtension } from "@prometheus-io/codemirror-promql";
import { codeFont, editorLook, literalStyles } from "../editor/editor-look.ts";
import { editorKeys, TextEditor } from "../editor/text-editor.ts";
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
  ...literalStyles,
  { tag: [tags.labelName, tags.name], color: "var(--fg-1)" },
  { tag: [tags.operator, tags.paren, tags.squareBracket, tags.brace], color: "var(--fg-2)" },
]);

const look = EditorView.theme({
  ".cm-content": { ...codeFont, padding: "7px 0", lineHeight: "20px" },
  ".cm-line": { padding: "0 12px" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": {
    background: "var(--accent-bg) !important",
  },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": {
    background: "var(--bg-hover)",
    outline: "1px solid var(--line-2)",
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
export class PromqlEditor extends TextEditor {
  readonly #promql: PromQLExtension;

  constructor(element: HTMLElement, text: string, events: EditorEvents, label: string) {
    const promql = new PromQLExtension().activateLinter(false).setComplete({
      remote: {
        url: "",
        fetchFn: (input, init) => fetch(input, init),
        httpMethod: "GET",
        cache: { maxAge: 60_000 },
      },
      maxMetricsMetadata: 10_000,
    });
    const focusListener = EditorView.updateListener.of((update) => {
      if (update.focusChanged && update.view.hasFocus) {
        events.onFocus((inserted) => this.insert(inserted));
      }
    });
    const extensions = [promql.asExtension(), extensionsOf(label, events), focusListener];
    super(element, text, extensions, (next) => events.onChange(next));
    this.#promql = promql;
  }

  /** Puts `text` where the cursor is, in place of what is selected, and takes the focus. */
  insert(text: string): void {
    this.view.dispatch(this.view.state.replaceSelection(text));
    this.view.focus();
  }

  /** Underlines a fault, or takes the underline away. */
  setFault(fault: QueryFault | undefined): void {
    const length = this.view.state.doc.length;
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
    this.view.dispatch(setDiagnostics(this.view.state, marks));
  }

  /** With the cursor behind the text. */
  override focus(): void {
    super.focus();
    this.view.dispatch({ selection: { anchor: this.view.state.doc.length } });
  }

  override destroy(): void {
    super.destroy();
    this.#promql.destroy();
  }
}

function extensionsOf(label: string, events: EditorEvents): Extension {
  const run = () => {
    events.onRun();
    return true;
  };
  return [
    history(),
    closeBrackets(),
    bracketMatching(),
    autocompletion({ icons: false }),
    EditorView.lineWrapping,
    placeholder("A PromQL expression, for example rate(hubble_flows_processed_total[1m])"),
    syntaxHighlighting(highlight),
    look,
    editorLook,
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
      { key: "Enter", run: insertNewlineAndIndent },
      ...editorKeys,
    ]),
  ];
}
