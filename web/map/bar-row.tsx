/** A row of a count: its name, how many, and a bar as long as its share. */

import { groupThousands } from "../charts/plain-number.ts";
import { Glyph, type GlyphKind } from "../ui/glyph.tsx";

/** A name with its count and a bar as long as its share. */
export function BarRow({
  name,
  count,
  share,
  glyph,
}: {
  readonly name: string;
  readonly count: number;
  readonly share: number;
  readonly glyph?: GlyphKind;
}) {
  return (
    <li className="map-bar">
      <i style={{ width: `${Math.max(1, share * 100)}%` }} />
      {glyph !== undefined && <Glyph kind={glyph} />}
      <span className="truncate" title={name}>
        {name}
      </span>
      <span className="num">{groupThousands(count)}</span>
    </li>
  );
}
