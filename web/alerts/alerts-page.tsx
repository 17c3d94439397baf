/** Alerts. */

import { usePageDefaults } from "../app/page-defaults.ts";
import { PageFrame } from "../app/page-frame.tsx";

/** The page. */
export function AlertsPage() {
  return (
    <PageFrame title="Alerts" defaults={usePageDefaults()}>
      {null}
    </PageFrame>
  );
}
