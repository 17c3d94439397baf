/** The look of the policy editor's own parts: gutters, lines of a draft, notes. */

import { EditorView } from "@codemirror/view";
import { codeFont } from "../editor/editor-look.ts";

/** Goes above the look that all editors share. */
export const policyLook = EditorView.theme({
  "&": { height: "100%", background: "var(--bg-surface)" },
  ".cm-scroller": { ...codeFont, fontSize: "12px", lineHeight: "20px", overflow: "auto" },
  ".cm-content": { padding: "8px 0" },
  ".cm-line": { padding: "0 12px 0 8px" },
  ".cm-gutters": {
    background: "var(--bg-surface)",
    color: "var(--fg-3)",
    border: "0",
  },
  ".cm-gutter.cm-hits": {
    width: "104px",
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
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground":
    { background: "var(--accent-line) !important" },
  ".cm-tooltip": { fontFamily: "var(--font-ui)", maxWidth: "460px" },
  ".cm-panels": { background: "var(--bg-raised)", color: "var(--fg-1)", border: "0" },
});
