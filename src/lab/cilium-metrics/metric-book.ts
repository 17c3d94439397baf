/**
 * A component's metrics in the names and labels of one Cilium version. A row says from which version
 * to which a name is served and with which labels; type, help and buckets come from the recordings.
 * Collectors write to every row they know; rows outside the version are kept off the registry, so
 * that no collector asks for the version.
 */

import { assert } from "../../base/assert.ts";
import {
  CounterFamily,
  GaugeFamily,
  HistogramFamily,
  type HistogramOptions,
} from "../../metrics/families.ts";
import type { Registry } from "../../metrics/registry.ts";
import { type CiliumVersion, ciliumVersions } from "../lab-state.ts";
import { recordedMetrics } from "./generated/recorded-metrics.ts";

/** One metric name over a span of versions. Two rows may share a name, where its labels changed. */
export interface MetricRow {
  readonly name: string;
  /** In the order in which collectors give the values. */
  readonly labels: readonly string[];
  /** First and last version that serve it so; absent = no bound. */
  readonly from?: CiliumVersion;
  readonly to?: CiliumVersion;
  /** Where the recordings are silent or differ. */
  readonly type?: "counter" | "gauge" | "histogram";
  readonly help?: string;
  /** Where the values come from, for docs/laboratory.md. */
  readonly source: string;
  /** Why name, labels or span are believed, where no recording of that version shows them. */
  readonly assumed?: string;
}

/** Whether `version` lies in the row's span. */
export function isServed(row: MetricRow, version: CiliumVersion): boolean {
  const at = ciliumVersions.indexOf(version);
  const first = row.from === undefined ? 0 : ciliumVersions.indexOf(row.from);
  const last = row.to === undefined ? ciliumVersions.length - 1 : ciliumVersions.indexOf(row.to);
  return at >= first && at <= last;
}

/** The families of one component at one version. */
export class MetricBook {
  readonly registry: Registry;
  readonly version: CiliumVersion;
  readonly #rows: readonly MetricRow[];

  constructor(registry: Registry, version: CiliumVersion, rows: readonly MetricRow[]) {
    this.registry = registry;
    this.version = version;
    this.#rows = rows;
  }

  /** Registers the counter if this version serves it; else gives one that nobody sees. */
  counter(name: string): CounterFamily {
    const { row, isShown } = this.#find(name, "counter");
    const options = familyOptions(row);
    return isShown ? this.registry.counter(options) : new CounterFamily(options);
  }

  /** As `counter`. */
  gauge(name: string): GaugeFamily {
    const { row, isShown } = this.#find(name, "gauge");
    const options = familyOptions(row);
    return isShown ? this.registry.gauge(options) : new GaugeFamily(options);
  }

  /** As `counter`. */
  histogram(name: string): HistogramFamily {
    const { row, isShown } = this.#find(name, "histogram");
    const options = familyOptions(row);
    return isShown ? this.registry.histogram(options) : new HistogramFamily(options);
  }

  /** Whether this version serves the name. */
  serves(name: string): boolean {
    return this.#rows.some((row) => row.name === name && isServed(row, this.version));
  }

  #find(name: string, type: string): { row: MetricRow; isShown: boolean } {
    const named = this.#rows.filter((row) => row.name === name && rowType(row) === type);
    const shown = named.find((row) => isServed(row, this.version));
    const row = shown ?? named[0];
    assert(row !== undefined, `no ${type} ${name} in the table of the laboratory's metrics`);
    return { row, isShown: shown !== undefined };
  }
}

/** The row's type: its own, else the recorded one. */
export function rowType(row: MetricRow): string {
  return row.type ?? recordedMetrics[row.name]?.type ?? "";
}

function familyOptions(row: MetricRow): HistogramOptions {
  const recorded = recordedMetrics[row.name];
  const help = row.help ?? recorded?.help ?? "";
  const { name, labels: labelNames } = row;
  return { name, help, labelNames, ...(recorded?.buckets ? { buckets: recorded.buckets } : {}) };
}
