/** Figures with their comparison and history; each is a link to where it comes from. */

import { pageHref } from "../app/navigation.tsx";
import { Sparkline } from "../charts/sparkline.tsx";
import { Link, useRoute } from "../router/router-context.tsx";
import { Glyph, type GlyphKind } from "../ui/glyph.tsx";
import type { Figure } from "./figures.ts";

const stateWords: Partial<Readonly<Record<GlyphKind, string>>> = {
  ok: "well",
  warn: "warning",
  crit: "critical",
  pending: "passing",
  mute: "not known",
  info: "for information",
};

export function FiguresRow({ figures }: { readonly figures: readonly Figure[] }) {
  const { params } = useRoute();
  return (
    <section className="figures" aria-label="Figures">
      {figures.map((figure) => (
        <Link key={figure.label} className="figure" href={pageHref(figure.path, params)}>
          <span className="figure-label">
            <span className="truncate">{figure.label}</span>
            <Glyph kind={figure.state} label={stateWords[figure.state] ?? ""} />
          </span>
          <span className="figure-value">
            {figure.value}
            {figure.unit !== "" && <small> {figure.unit}</small>}
          </span>
          <span className="figure-note truncate" title={figure.note}>
            {figure.note}
          </span>
          <span className="figure-line">
            <Sparkline column={figure.history} color={figure.color} />
          </span>
        </Link>
      ))}
    </section>
  );
}
