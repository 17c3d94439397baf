/** Overview. */

import { usePageDefaults } from "../app/page-defaults.ts";
import { PageFrame } from "../app/page-frame.tsx";

/** The page. */
export function OverviewPage() {
  return (
    <PageFrame title="Overview" defaults={usePageDefaults()}>
      {null}
    </PageFrame>
  );
}
