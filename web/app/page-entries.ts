/**
 * The pages of the navigation: address, name, icon and key. Navigation, palette and keys read this table;
 * page-routes.tsx says which component stands at which address. A new page is one line in each.
 */

import type { IconName } from "../ui/icon.tsx";

/** A page of the navigation; the palette lists the same ones in the same order. */
export interface PageEntry {
  readonly path: string;
  readonly label: string;
  readonly icon: IconName;
  readonly keys: string;
  readonly group: "Network" | "Metrics" | "Respond" | "Server";
  /** Other addresses that belong to it begin so. */
  readonly covers?: string;
}

/** In the order of UI.md 2; those of one group stand together. */
export const pageEntries: readonly PageEntry[] = [
  { path: "/", label: "Overview", icon: "overview", keys: "g o", group: "Network" },
  { path: "/map", label: "Map", icon: "map", keys: "g m", group: "Network" },
  {
    path: "/flows",
    label: "Flows",
    icon: "flows",
    keys: "g f",
    group: "Network",
  },
  {
    path: "/policies",
    label: "Policies",
    icon: "policies",
    keys: "g p",
    group: "Network",
    covers: "/policies/",
  },
  {
    path: "/endpoints",
    label: "Endpoints",
    icon: "endpoints",
    keys: "g e",
    group: "Network",
    covers: "/endpoints/",
  },
  {
    path: "/dashboards",
    label: "Dashboards",
    icon: "dashboards",
    keys: "g d",
    group: "Metrics",
    covers: "/d/",
  },
  { path: "/explore", label: "Explore", icon: "explore", keys: "g x", group: "Metrics" },
  { path: "/studio", label: "Metrics studio", icon: "studio", keys: "g s", group: "Metrics" },
  {
    path: "/cardinality",
    label: "Cardinality",
    icon: "cardinality",
    keys: "g c",
    group: "Metrics",
  },
  { path: "/targets", label: "Targets", icon: "targets", keys: "g t", group: "Metrics" },
  {
    path: "/alerts",
    label: "Alerts",
    icon: "bell",
    keys: "g a",
    group: "Respond",
    covers: "/alerts/",
  },
  { path: "/settings", label: "Settings", icon: "settings", keys: "g ,", group: "Server" },
];
