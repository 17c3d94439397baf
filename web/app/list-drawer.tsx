/** The drawer beside a list: what is chosen in full, its place in the list, `j` and `k` to the next one, and the ways on. */

import type { ReactNode } from "react";
import { CloseButton } from "../ui/close-button.tsx";
import { Badge, type GlyphKind } from "../ui/glyph.tsx";
import { useKeys } from "./keys-context.ts";

/** What the owner of the list gives, whatever is listed. */
export interface ListDrawerNavigation {
  readonly position: { readonly index: number; readonly count: number };
  readonly onMove: (step: number) => void;
  readonly onClose: () => void;
}

interface ListDrawerProps extends ListDrawerNavigation {
  /** What is listed, as it stands within a sentence: "target". */
  readonly noun: string;
  /** The group of its keys in the list of keys: "Targets". */
  readonly keyGroup: string;
  readonly badge: { readonly kind: GlyphKind; readonly word: string };
  readonly head: ReactNode;
  readonly children: ReactNode;
  readonly foot: ReactNode;
}

export function ListDrawer(props: ListDrawerProps) {
  const { noun, keyGroup, badge, head, children, foot } = props;
  const { position, onMove, onClose } = props;
  useKeys([
    { keys: "j", label: `Next ${noun}`, group: keyGroup, run: () => onMove(1) },
    { keys: "k", label: `Previous ${noun}`, group: keyGroup, run: () => onMove(-1) },
    { keys: "Escape", label: `Close the ${noun}`, group: keyGroup, run: onClose },
  ]);
  const name = `${noun.charAt(0).toUpperCase()}${noun.slice(1)}`;
  return (
    <aside className={`drawer ${noun}-drawer`} aria-label={name}>
      <div className="drawer-head">
        <Badge kind={badge.kind}>{badge.word}</Badge>
        {head}
        <i className="spacer" />
        <span className="dim nowrap">
          {position.index + 1} of {position.count}
        </span>
        <CloseButton label={`Close the ${noun}`} isDrawer onClose={onClose} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and keys must reach it. */}
      <section className="drawer-body" aria-label={`Facts of the ${noun}`} tabIndex={0}>
        {children}
      </section>
      <div className="drawer-foot">{foot}</div>
    </aside>
  );
}
