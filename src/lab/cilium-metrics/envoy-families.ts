/** What the parts of the HTTP proxy's page share: Envoy's buckets and labels, families found by name. */

import type {
  Counter,
  CounterFamily,
  Gauge,
  GaugeFamily,
  Histogram,
  HistogramFamily,
} from "../../metrics/families.ts";
import type { Registry } from "../../metrics/registry.ts";

/** Upper bounds of Envoy's histograms, milliseconds. */
export const envoyBuckets: readonly number[] = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000,
  1_800_000, 3_600_000,
];
/** Label of the connection manager, and its value: what Cilium's chart gives its listeners. */
export const managerLabel = "envoy_http_conn_manager_prefix";
export const managerPrefix = "proxy";

/** Makes series of families with one prefix and the same labels; Envoy writes no help texts. */
export class EnvoyFamilies {
  readonly #registry: Registry;
  readonly #prefix: string;
  readonly #labelNames: readonly string[];
  readonly #counters = new Map<string, CounterFamily>();
  readonly #gauges = new Map<string, GaugeFamily>();
  readonly #histograms = new Map<string, HistogramFamily>();

  constructor(registry: Registry, prefix: string, labelNames: readonly string[] = []) {
    this.#registry = registry;
    this.#prefix = prefix;
    this.#labelNames = labelNames;
  }

  /** The counter PREFIX NAME with these label values; to be kept, not asked for at each event. */
  counter(name: string, ...values: string[]): Counter {
    const make = () => this.#registry.counter(this.#options(name));
    return findOrMake(this.#counters, name, make).labels(...values);
  }

  /** As `counter`. */
  gauge(name: string, ...values: string[]): Gauge {
    const make = () => this.#registry.gauge(this.#options(name));
    return findOrMake(this.#gauges, name, make).labels(...values);
  }

  /** As `counter`; milliseconds, or plain numbers. */
  histogram(name: string, ...values: string[]): Histogram {
    const make = () => this.#registry.histogram({ ...this.#options(name), buckets: envoyBuckets });
    return findOrMake(this.#histograms, name, make).labels(...values);
  }

  #options(name: string) {
    return { name: `${this.#prefix}${name}`, help: "", labelNames: this.#labelNames };
  }
}

/** Counts answers by the class of their code; all five series are there from the start. */
export function countCodeClasses(
  registry: Registry,
  name: string,
  labelNames: readonly string[],
): (...values: string[]) => (code: number) => void {
  const labels = ["envoy_response_code_class", ...labelNames];
  const family = registry.counter({ name, help: "", labelNames: labels });
  return (...values) => {
    const counters = ["1", "2", "3", "4", "5"].map((one) => family.labels(one, ...values));
    return (code) => counters[Math.floor(code / 100) - 1]?.inc();
  };
}

function findOrMake<Value>(map: Map<string, Value>, name: string, make: () => Value): Value {
  const known = map.get(name);
  if (known !== undefined) return known;
  const made = make();
  map.set(name, made);
  return made;
}
