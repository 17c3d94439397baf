/** What the remote-write receiver counts of itself; under Prometheus' names where it has them. */

import type { Counter, CounterFamily } from "../metrics/families.ts";
import type { Registry } from "../metrics/registry.ts";
import type { LabelCache } from "./label-cache.ts";

/** Counters of one receiver. */
export class WriteMetrics {
  readonly invalidLabels: Counter;
  readonly withoutMetadata: Counter;
  readonly samples: Counter;
  readonly histograms: Counter;
  readonly exemplars: Counter;
  readonly bodyBytes: Counter;
  readonly #requests: CounterFamily;

  constructor(registry: Registry, cache: LabelCache) {
    const total = (name: string, help: string): Counter =>
      registry.counter({ name: `${name}_total`, help }).labels();
    const kinds = registry.counter({
      name: "ciliascope_remote_write_received_samples_total",
      help: "Samples, native histograms and exemplars received by remote write and stored.",
      labelNames: ["type"],
    });
    this.invalidLabels = total(
      "prometheus_api_remote_write_invalid_labels_samples",
      "The total number of received remote write samples and histogram samples which were rejected due to invalid labels.",
    );
    this.withoutMetadata = total(
      "prometheus_api_remote_write_without_metadata_appended_samples",
      "The total number of received remote write samples (and histogram samples) which were ingested without corresponding metadata.",
    );
    this.samples = kinds.labels("float");
    this.histograms = kinds.labels("histogram");
    this.exemplars = kinds.labels("exemplar");
    this.bodyBytes = total(
      "ciliascope_remote_write_body_bytes",
      "Bytes of remote-write requests, decompressed.",
    );
    this.#requests = registry.counter({
      name: "ciliascope_remote_write_requests_total",
      help: "Remote-write requests answered, by status.",
      labelNames: ["code"],
    });
    const known = registry.gauge({
      name: "ciliascope_remote_write_known_series",
      help: "Series that remote write knows by their label bytes.",
    });
    registry.onCollect(() => known.set(cache.size));
  }

  /** Counts an answer. */
  answered(status: number): void {
    this.#requests.labels(String(status)).inc();
  }
}
