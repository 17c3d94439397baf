/** The look that all editors share: the page's tokens on CodeMirror's parts. Colours are variables, so one theme does for both. */

import type { TagStyle } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

/** Letters of text that is code: editors and what completion offers. */
export const codeFont = {
  fontFamily: "var(--font-mono)",
  fontFeatureSettings: '"zero", "calt" 0',
} as const;

/** Literals and comments, coloured alike in every language. */
export const literalStyles: readonly TagStyle[] = [
  { tag: [tags.string, tags.special(tags.string)], color: "var(--syn-str)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--syn-num)" },
  { tag: [tags.comment, tags.meta], color: "var(--syn-com)" },
];

/** Goes below an editor's own theme, which may say otherwise. */
export const editorLook = EditorView.theme({
  "&": { color: "var(--fg-1)" },
  "&.cm-focused": { outline: "none" },
  ".cm-content": { caretColor: "var(--accent)" },
  ".cm-cursor": { borderLeftColor: "var(--accent)", borderLeftWidth: "1.5px" },
  ".cm-placeholder": { color: "var(--fg-3)" },
  ".cm-lintRange-error": waveOf("--crit"),
  ".cm-lintRange-warning": waveOf("--warn-solid"),
  ".cm-diagnostic-error": { borderLeftColor: "var(--crit)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--warn-solid)" },
  ".cm-tooltip": {
    background: "var(--bg-overlay)",
    border: "0",
    boxShadow: "var(--e-2)",
    borderRadius: "var(--r-2)",
    color: "var(--fg-1)",
  },
});

function waveOf(color: string) {
  return {
    backgroundImage: "none",
    textDecoration: `underline wavy var(${color}) 1.2px`,
    textUnderlineOffset: "4px",
  };
}
