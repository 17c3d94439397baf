/**
 * Glyphs of verdicts and states: the shape carries the meaning, the colour repeats it (UI.md 1 and 5).
 * Always beside the word, or with a label of its own.
 */

import type { ReactElement } from "react";

/** Verdicts as Hubble writes them, lower case, and the states of the page. */
export type GlyphKind =
  | "forwarded"
  | "dropped"
  | "audit"
  | "redirected"
  | "ok"
  | "warn"
  | "crit"
  | "pending"
  | "mute"
  | "info";

const line = {
  fill: "none",
  stroke: "currentColor",
  strokeLinecap: "round",
  strokeLinejoin: "round",
} as const;

const shapes: Readonly<Record<GlyphKind, ReactElement>> = {
  forwarded: <path {...line} strokeWidth="1.6" d="M1.6 6h8.2M6.7 2.9 9.9 6 6.7 9.1" />,
  dropped: <path {...line} strokeWidth="2" d="m2.5 2.5 7 7m0-7-7 7" />,
  audit: (
    <>
      <path {...line} strokeWidth="1.4" d="M1 6c2.6-4.4 7.4-4.4 10 0-2.6 4.4-7.4 4.4-10 0z" />
      <circle cx="6" cy="6" r="1.6" fill="currentColor" />
    </>
  ),
  redirected: (
    <path {...line} strokeWidth="1.6" d="M1.6 9.6V6.4q0-1.9 1.9-1.9h5.9M7 1.7l2.8 2.8L7 7.3" />
  ),
  ok: <path {...line} strokeWidth="1.8" d="m1.9 6.3 2.8 2.8 5.5-6" />,
  warn: <path fill="currentColor" d="M6 1.1 11.5 10.7H.5z" />,
  crit: <path fill="currentColor" d="M3.6.8h4.8l2.8 2.8v4.8l-2.8 2.8H3.6L.8 8.4V3.6z" />,
  pending: <circle {...line} strokeWidth="1.5" strokeDasharray="2 1.7" cx="6" cy="6" r="4.3" />,
  mute: <path {...line} strokeWidth="1.6" d="M2 6h8" />,
  info: (
    <>
      <circle {...line} strokeWidth="1.4" cx="6" cy="6" r="4.6" />
      <path {...line} strokeWidth="1.6" d="M6 5.5v2.9M6 3.6v.01" />
    </>
  ),
};

/** A glyph's shape alone, on a field of 12 by 12 in the text's colour, for drawings in SVG. */
export function GlyphShape({ kind }: { readonly kind: GlyphKind }) {
  return shapes[kind];
}

/** One glyph in its meaning's colour; `label` where no word stands beside it. */
export function Glyph({ kind, label }: { kind: GlyphKind; label?: string }) {
  return (
    <span className={`glyph is-${kind}`}>
      <svg viewBox="0 0 12 12" aria-hidden="true">
        {shapes[kind]}
      </svg>
      {label !== undefined && <span className="visually-hidden">{label}</span>}
    </span>
  );
}

/** A glyph and its word on a tint: the state of a row, a panel or a target. */
export function Badge({ kind, children }: { kind: GlyphKind; children: string }) {
  return (
    <span className={`badge is-${kind}`}>
      <Glyph kind={kind} />
      {children}
    </span>
  );
}
