/** Reads a panel kind's raw options: the file may hold anything, the panel gets what it expects. */

import { asArray, asObject, asString } from "../../src/dashboard/json-reader.ts";

/** Which values of a field a stat, gauge or bar gauge shows. */
export interface ReduceOptions {
  readonly calcs: readonly string[];
  /** All rows instead of one calculated value. */
  readonly showsAllValues: boolean;
  readonly limit: number | undefined;
  /** Pattern of field names; "" is all number fields. */
  readonly fields: string;
}

/** `options.reduceOptions` with Grafana's defaults. */
export function readReduceOptions(options: Readonly<Record<string, unknown>>): ReduceOptions {
  const raw = asObject(options["reduceOptions"]);
  const calcs = asArray(raw["calcs"]).filter((calc) => typeof calc === "string");
  return {
    calcs: calcs.length === 0 ? ["lastNotNull"] : calcs,
    showsAllValues: raw["values"] === true,
    limit: typeof raw["limit"] === "number" ? raw["limit"] : undefined,
    fields: asString(raw["fields"]),
  };
}

/** The legend of a time series. */
export interface LegendOptions {
  readonly isShown: boolean;
  readonly mode: "list" | "table";
  readonly placement: "bottom" | "right";
  readonly calcs: readonly string[];
  readonly sortBy: string | undefined;
  readonly isSortDescending: boolean;
}

/** `options.legend` with Grafana's defaults. */
export function readLegendOptions(options: Readonly<Record<string, unknown>>): LegendOptions {
  const raw = asObject(options["legend"]);
  const mode = asString(raw["displayMode"], "list");
  return {
    isShown: raw["showLegend"] !== false && mode !== "hidden",
    mode: mode === "table" ? "table" : "list",
    placement: raw["placement"] === "right" ? "right" : "bottom",
    calcs: asArray(raw["calcs"]).filter((calc) => typeof calc === "string"),
    sortBy: typeof raw["sortBy"] === "string" ? raw["sortBy"] : undefined,
    isSortDescending: raw["sortDesc"] === true,
  };
}

/** `options.tooltip.mode` as the chart wants it. */
export function readTooltipMode(
  options: Readonly<Record<string, unknown>>,
): "all" | "single" | "none" {
  const mode = asString(asObject(options["tooltip"])["mode"], "multi");
  return mode === "none" ? "none" : mode === "single" ? "single" : "all";
}
