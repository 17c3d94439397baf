/** Settings. */

import { usePageDefaults } from "../app/page-defaults.ts";
import { PageFrame } from "../app/page-frame.tsx";

/** The page. */
export function SettingsPage() {
  return (
    <PageFrame title="Settings" defaults={usePageDefaults()}>
      {null}
    </PageFrame>
  );
}
