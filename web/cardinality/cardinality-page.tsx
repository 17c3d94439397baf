/** Cardinality. */

import { usePageDefaults } from "../app/page-defaults.ts";
import { PageFrame } from "../app/page-frame.tsx";

/** The page. */
export function CardinalityPage() {
  return (
    <PageFrame title="Cardinality" defaults={usePageDefaults()}>
      {null}
    </PageFrame>
  );
}
