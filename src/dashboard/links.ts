/** Links of dashboards, panels and fields. */

import { asObjects, asString, asStrings } from "./json-reader.ts";
import type { DashboardLink } from "./model.ts";

/** Reads a list of links; those with neither a URL nor tags of dashboards are left out. */
export function readLinks(value: unknown): DashboardLink[] {
  return asObjects(value)
    .map((link) => ({
      title: asString(link["title"]),
      url: asString(link["url"]),
      tooltip: asString(link["tooltip"]),
      opensNewTab: link["targetBlank"] === true,
      ...(link["type"] === "dashboards" ? { tags: asStrings(link["tags"]) } : {}),
      ...(link["asDropdown"] === true ? { isDropdown: true } : {}),
      ...(link["keepTime"] === true ? { keepsTime: true } : {}),
      ...(link["includeVars"] === true ? { includesVariables: true } : {}),
    }))
    .filter((link) => link.url !== "" || link.tags !== undefined);
}
