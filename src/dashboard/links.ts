/** Links of dashboards, panels and fields. */

import { asObjects, asString } from "./json-reader.ts";
import type { DashboardLink } from "./model.ts";

/** Reads a list of links; those without a URL (dashboard lists by tag) are left out. */
export function readLinks(value: unknown): DashboardLink[] {
  return asObjects(value)
    .map((link) => ({
      title: asString(link["title"]),
      url: asString(link["url"]),
      tooltip: asString(link["tooltip"]),
      opensNewTab: link["targetBlank"] === true,
    }))
    .filter((link) => link.url !== "");
}
