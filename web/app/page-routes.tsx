/**
 * Which component stands at which address. Each page is a part of its own that is loaded when first
 * opened. A new page is one line here, one in page-entries.ts and a folder of its own in web/.
 */

import { type ComponentType, type LazyExoticComponent, lazy } from "react";
import type { PageProps } from "./page-props.ts";

/** One page. */
export interface PageRoute {
  /** Segments that begin with ":" stand for any text; ":x?" at the end may be missing. */
  readonly path: string;
  readonly page: LazyExoticComponent<ComponentType<PageProps>>;
  /** Segment whose change begins the page anew. */
  readonly keyedBy?: string;
}

/** A lazily loaded component that takes the page's props. */
function part(load: () => Promise<ComponentType<PageProps>>) {
  return lazy(async () => ({ default: await load() }));
}

/** In the order of the navigation (page-entries.ts); the first that fits is taken. */
export const pageRoutes: readonly PageRoute[] = [
  {
    path: "/",
    page: part(async () => (await import("../overview/overview-page.tsx")).OverviewPage),
  },
  {
    path: "/map",
    page: part(async () => (await import("../map/service-map-page.tsx")).ServiceMapPage),
  },
  {
    path: "/flows",
    page: part(async () => (await import("../flows/flows-page.tsx")).FlowsPage),
  },
  {
    path: "/endpoints/:id?",
    page: part(async () => (await import("../endpoints/endpoints-page.tsx")).EndpointsPage),
  },
  {
    path: "/policies/:kind?/:namespace?/:name?",
    page: part(async () => (await import("../policies/policies-page.tsx")).PoliciesPage),
  },
  {
    path: "/dashboards",
    page: part(
      async () => (await import("../dashboards/dashboard-list-page.tsx")).DashboardListPage,
    ),
  },
  {
    path: "/d/:uid/:slug?",
    keyedBy: "uid",
    page: part(async () => {
      const { DashboardPage } = await import("../dashboards/dashboard-page.tsx");
      return ({ segments }) => <DashboardPage uid={segments["uid"] ?? ""} />;
    }),
  },
  {
    path: "/explore",
    page: part(async () => (await import("../explore/explore-page.tsx")).ExplorePage),
  },
  {
    path: "/studio",
    page: part(async () => (await import("../studio/studio-page.tsx")).StudioPage),
  },
  {
    path: "/cardinality",
    page: part(async () => (await import("../cardinality/cardinality-page.tsx")).CardinalityPage),
  },
  {
    path: "/targets",
    page: part(async () => (await import("../targets/targets-page.tsx")).TargetsPage),
  },
  {
    path: "/alerts/:view?",
    page: part(async () => (await import("../alerts/alerts-page.tsx")).AlertsPage),
  },
  {
    path: "/settings",
    page: part(async () => (await import("../settings/settings-page.tsx")).SettingsPage),
  },
];

/** The page at `path` and its segments; undefined where there is none. */
export function findRoute(
  path: string,
  routes: readonly PageRoute[] = pageRoutes,
): { readonly route: PageRoute; readonly segments: Readonly<Record<string, string>> } | undefined {
  for (const route of routes) {
    const segments = matchPath(route.path, path);
    if (segments !== undefined) return { route, segments };
  }
  return undefined;
}

/** The named segments of `path`, undefined where it does not fit the pattern or an escape is broken. */
export function matchPath(
  pattern: string,
  path: string,
): Readonly<Record<string, string>> | undefined {
  const wanted = pattern.split("/").filter((segment) => segment !== "");
  const given = path.split("/").filter((segment) => segment !== "");
  const needed = wanted.filter((segment) => !segment.endsWith("?")).length;
  if (given.length < needed || given.length > wanted.length) return undefined;
  const segments: Record<string, string> = {};
  for (const [index, text] of given.entries()) {
    const name = wanted[index] ?? "";
    if (name.startsWith(":")) {
      const decoded = decodeSegment(text);
      if (decoded === undefined) return undefined;
      segments[name.slice(1).replace("?", "")] = decoded;
    } else if (name !== text) return undefined;
  }
  return segments;
}

function decodeSegment(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    // A broken escape in the address: no page of ours.
    return undefined;
  }
}
