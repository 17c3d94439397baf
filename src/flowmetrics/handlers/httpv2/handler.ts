/**
 * `httpV2`: hubble_http_requests_total with the status, and hubble_http_request_duration_seconds. Both
 * count responses only; source and destination are swapped, so that they are those of the request.
 */

import { latencySeconds, reporterText } from "../../flow-text.ts";
import { type HandlerKind, registerCounter, registerHistogram } from "../../handler.ts";
import { areExemplarsOn, exemplarsOption, flowExemplar, httpFamilies } from "../../http-metrics.ts";

/** The handler `httpV2`. */
export const httpV2Handler: HandlerKind = {
  name: "httpV2",
  summary: "Counts answered HTTP requests by status and measures their duration.",
  options: exemplarsOption,
  conflictsWith: ["http"],
  create(setup) {
    const { context, clock } = setup;
    const hasExemplars = areExemplarsOn(setup.spec);
    const own = context.labelNames;
    const requests = registerCounter(setup, {
      ...httpFamilies.requests,
      labelNames: ["method", "protocol", "status", "reporter", ...own],
    });
    const duration = registerHistogram(setup, {
      ...httpFamilies.duration,
      labelNames: ["method", "reporter", ...own],
    });
    const requestValues: string[] = new Array(requests.labelNames.length).fill("");
    const durationValues: string[] = new Array(duration.labelNames.length).fill("");
    return {
      status: `${context.status},exemplars=${hasExemplars}`,
      families: [requests, duration],
      processFlow(flow) {
        const { l7 } = flow;
        const http = l7?.http;
        if (l7 === undefined || http === undefined || l7.type !== "RESPONSE") return;
        const exemplar = flowExemplar(flow, hasExemplars, clock);
        requestValues[0] = http.method ?? "";
        requestValues[1] = http.protocol ?? "";
        requestValues[2] = String(http.code ?? 0);
        requestValues[3] = reporterText(flow);
        context.writeInverted(flow, requestValues, 4);
        requests.labelsOf(requestValues).inc(1, exemplar);
        durationValues[0] = requestValues[0];
        durationValues[1] = requestValues[3];
        for (let i = 0; i < own.length; i++) durationValues[i + 2] = requestValues[i + 4]!;
        duration.labelsOf(durationValues).observe(latencySeconds(l7), exemplar);
      },
    };
  },
};
