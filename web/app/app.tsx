/** Routes to pages. Each page is a part of its own that is loaded when first opened. */

import { lazy, Suspense } from "react";
import { useRoute, useRouter } from "../router/router-context.tsx";
import { Skeleton } from "../ui/notes.tsx";
import { useKeys } from "./keys-context.ts";
import { Navigation, pageEntries, pageHref } from "./navigation.tsx";
import { NotFoundPage } from "./not-found-page.tsx";

const DashboardPage = lazy(async () => ({
  default: (await import("../dashboards/dashboard-page.tsx")).DashboardPage,
}));
const DashboardListPage = lazy(async () => ({
  default: (await import("../dashboards/dashboard-list-page.tsx")).DashboardListPage,
}));
const ExplorePage = lazy(async () => ({
  default: (await import("../explore/explore-page.tsx")).ExplorePage,
}));
const TargetsPage = lazy(async () => ({
  default: (await import("../targets/targets-page.tsx")).TargetsPage,
}));

/** The dashboard that opens at `/`. */
const homeUid = "cilium-overview";

/** Navigation beside the page of the present address. */
export function App() {
  const router = useRouter();
  useKeys(
    pageEntries.map((entry) => ({
      keys: entry.keys,
      label: entry.label,
      group: "Go to",
      run: () => router.navigate(pageHref(entry.path, router.location.params)),
    })),
  );
  return (
    <div className="app">
      <a className="skip-link" href="#page">
        Skip to the page
      </a>
      <Navigation />
      <div id="page" className="app-page">
        <Suspense fallback={<Skeleton />}>
          <CurrentPage />
        </Suspense>
      </div>
    </div>
  );
}

function CurrentPage() {
  const { path } = useRoute();
  if (path === "/") return <DashboardPage key={homeUid} uid={homeUid} isHome />;
  if (path === "/dashboards") return <DashboardListPage />;
  if (path === "/explore") return <ExplorePage />;
  if (path === "/targets") return <TargetsPage />;
  const dashboard = /^\/d\/([^/]+)(?:\/[^/]*)?$/.exec(path);
  const uid = dashboard === null ? undefined : decodeSegment(dashboard[1] ?? "");
  return uid === undefined ? <NotFoundPage path={path} /> : <DashboardPage key={uid} uid={uid} />;
}

function decodeSegment(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    // A broken escape in the address: no page of ours.
    return undefined;
  }
}
