/** What stands where data would stand: empty, error, not drawn. In the order what, why, what to do (UI.md 8). */

import type { ReactNode } from "react";
import { Glyph, type GlyphKind } from "./glyph.tsx";

interface NoteProps {
  readonly kind?: GlyphKind;
  readonly title: string;
  readonly children?: ReactNode;
  readonly actions?: ReactNode;
}

/** A block in the middle of a pane. */
export function Note({ kind = "info", title, children, actions }: NoteProps) {
  return (
    <div className="note">
      <div className="note-title">
        <Glyph kind={kind} />
        <span>{title}</span>
      </div>
      {children !== undefined && <div className="note-text">{children}</div>}
      {actions !== undefined && <div className="note-actions">{actions}</div>}
    </div>
  );
}

/** Bars in the shape of a chart while data is on its way; shown by CSS only after 150 ms. */
export function Skeleton({ label = "Loading" }: { label?: string }) {
  return (
    <div className="skeleton" role="status" aria-label={label}>
      {skeletonHeights.map((height, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the bars never change place.
        <i key={index} style={{ height: `${height}%` }} />
      ))}
    </div>
  );
}

const skeletonHeights = Array.from({ length: 26 }, (_, index) =>
  Math.round(34 + 20 * Math.sin(index * 0.52) + 8 * Math.sin(index * 2.1)),
);
