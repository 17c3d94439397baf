/** The look of the policy editor: the page's tokens on CodeMirror's parts. */

import { EditorView } from "@codemirror/view";

/** One theme for both: colours are variables. */
export const editorLook = EditorView.theme({
  "&": { color: "var(--fg-1)", height: "100%", background: "var(--bg-surface)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": {
    fontFamily: "var(--font-mono)",
    fontFeatureSettings: '"zero", "calt" 0',
    fontSize: "12px",
    lineHeight: "20px",
    overflow: "auto",
  },
  ".cm-content": { padding: "8px 0", caretColor: "var(--accent)" },
  ".cm-line": { padding: "0 12px 0 8px" },
  ".cm-gutters": {
    background: "var(--bg-surface)",
    color: "var(--fg-3)",
    border: "0",
  },
  ".cm-gutter.cm-hits": {
    width: "96px",
    borderRight: "1px solid var(--line-1)",
    fontVariantNumeric: "tabular-nums",
  },
  ".cm-lineNumbers": { minWidth: "46px" },
  ".cm-lineNumbers .cm-gutterElement": { padding: "0 8px 0 12px", fontSize: "11px" },
  ".cm-plus": { color: "var(--ok)", background: "var(--ok-bg)" },
  ".cm-lineNumbers .cm-plus::before": { content: '"+ "' },
  ".cm-removed": { color: "var(--crit)", background: "var(--crit-bg)" },
  ".cm-added": { background: "var(--ok-bg)" },
  ".cm-chosen": { boxShadow: "inset 2px 0 0 var(--accent)", background: "var(--accent-bg)" },
  ".cm-activeLine": { background: "transparent" },
  "&.cm-focused .cm-activeLine:not(.cm-added):not(.cm-chosen)": { background: "var(--bg-raised)" },
  ".cm-activeLineGutter": { background: "transparent", color: "var(--fg-1)" },
  ".cm-cursor": { borderLeftColor: "var(--accent)", borderLeftWidth: "1.5px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground":
    { background: "var(--accent-line) !important" },
  ".cm-lintRange-error": {
    backgroundImage: "none",
    textDecoration: "underline wavy var(--crit) 1.2px",
    textUnderlineOffset: "4px",
  },
  ".cm-lintRange-warning": {
    backgroundImage: "none",
    textDecoration: "underline wavy var(--warn-solid) 1.2px",
    textUnderlineOffset: "4px",
  },
  ".cm-tooltip": {
    background: "var(--bg-overlay)",
    border: "0",
    boxShadow: "var(--e-2)",
    borderRadius: "var(--r-2)",
    color: "var(--fg-1)",
    fontFamily: "var(--font-ui)",
    maxWidth: "460px",
  },
  ".cm-diagnostic-error": { borderLeftColor: "var(--crit)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--warn-solid)" },
  ".cm-panels": { background: "var(--bg-raised)", color: "var(--fg-1)", border: "0" },
});
