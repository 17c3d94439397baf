/** Endpoints and identities. */

import { usePageDefaults } from "../app/page-defaults.ts";
import { PageFrame } from "../app/page-frame.tsx";
import type { PageProps } from "../app/page-routes.tsx";

/** The page at /endpoints and /endpoints/ID. */
export function EndpointsPage({ segments }: PageProps) {
  return (
    <PageFrame title="Endpoints" isFlush defaults={usePageDefaults()}>
      {segments["id"] ?? null}
    </PageFrame>
  );
}
