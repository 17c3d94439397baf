/** Words for where dashboards come from. */

/** Where a dashboard is from, in a word. */
export const sourceNames = {
  shipped: "Ciliascope",
  imported: "imported",
  provisioned: "provisioned",
} as const;
