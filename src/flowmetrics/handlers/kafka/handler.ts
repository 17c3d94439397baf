/** `kafka` (deprecated by Cilium): requests and their latency by topic and API key. */

import { latencySeconds, reporterText } from "../../flow-text.ts";
import { type HandlerKind, registerCounter, registerHistogram } from "../../handler.ts";

/** The handler `kafka`. */
export const kafkaHandler: HandlerKind = {
  name: "kafka",
  summary: "Counts Kafka requests and measures their duration by topic and API key.",
  options: {},
  conflictsWith: [],
  create(setup) {
    const { context } = setup;
    const own = context.labelNames;
    const at = own.length;
    const requests = registerCounter(setup, {
      name: "hubble_kafka_requests_total",
      help: "Count of Kafka requests (deprecated)",
      labelNames: [...own, "topic", "api_key", "error_code", "reporter"],
    });
    const duration = registerHistogram(setup, {
      name: "hubble_kafka_request_duration_seconds",
      help: "Quantiles of HTTP request duration in seconds (deprecated)",
      labelNames: [...own, "topic", "api_key", "reporter"],
    });
    const values: string[] = new Array(requests.labelNames.length).fill("");
    const durationValues: string[] = new Array(duration.labelNames.length).fill("");
    return {
      status: context.status,
      families: [requests, duration],
      processFlow(flow) {
        const { l7 } = flow;
        const kafka = l7?.kafka;
        if (l7 === undefined || kafka === undefined || l7.type !== "REQUEST") return;
        values[at] = kafka.topic ?? "";
        values[at + 1] = kafka.api_key ?? "";
        values[at + 2] = String(kafka.error_code ?? 0);
        values[at + 3] = reporterText(flow);
        context.write(flow, values, 0);
        requests.labelsOf(values).inc();
        durationValues[at] = values[at]!;
        durationValues[at + 1] = values[at + 1]!;
        durationValues[at + 2] = values[at + 3]!;
        for (let i = 0; i < own.length; i++) durationValues[i] = values[i]!;
        duration.labelsOf(durationValues).observe(latencySeconds(l7));
      },
    };
  },
};
