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
    const requests = registerCounter(setup, {
      name: "hubble_kafka_requests_total",
      help: "Count of Kafka requests (deprecated)",
      labelNames: ["topic", "api_key", "error_code", "reporter", ...own],
    });
    const duration = registerHistogram(setup, {
      name: "hubble_kafka_request_duration_seconds",
      help: "Quantiles of HTTP request duration in seconds (deprecated)",
      labelNames: ["topic", "api_key", "reporter", ...own],
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
        values[0] = kafka.topic ?? "";
        values[1] = kafka.api_key ?? "";
        values[2] = String(kafka.error_code ?? 0);
        values[3] = reporterText(flow);
        context.write(flow, values, 4);
        requests.labelsOf(values).inc();
        durationValues[0] = values[0];
        durationValues[1] = values[1];
        durationValues[2] = values[3];
        for (let i = 0; i < own.length; i++) durationValues[i + 3] = values[i + 4]!;
        duration.labelsOf(durationValues).observe(latencySeconds(l7));
      },
    };
  },
};
