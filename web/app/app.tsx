/** Routes to pages. Each page is a part of its own that is loaded when first opened. */

import { Suspense } from "react";
import { useRoute, useRouter } from "../router/router-context.tsx";
import { Skeleton } from "../ui/notes.tsx";
import { useKeys } from "./keys-context.ts";
import { Navigation, pageHref } from "./navigation.tsx";
import { NotFoundPage } from "./not-found-page.tsx";
import { pageEntries } from "./page-entries.ts";
import { findRoute } from "./page-routes.tsx";

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
  const found = findRoute(path);
  if (found === undefined) return <NotFoundPage path={path} />;
  const { page: Page, keyedBy } = found.route;
  const key = keyedBy === undefined ? found.route.path : found.segments[keyedBy];
  return <Page key={key} segments={found.segments} />;
}
