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
    const at = own.length;
    const requests = registerCounter(setup, {
      ...httpFamilies.requests,
      labelNames: [...own, "method", "protocol", "status", "reporter"],
    });
    const duration = registerHistogram(setup, {
      ...httpFamilies.duration,
      labelNames: [...own, "method", "reporter"],
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
        requestValues[at] = http.method ?? "";
        requestValues[at + 1] = http.protocol ?? "";
        requestValues[at + 2] = String(http.code ?? 0);
        requestValues[at + 3] = reporterText(flow);
        context.writeInverted(flow, requestValues, 0);
        requests.labelsOf(requestValues).inc(1, exemplar);
        durationValues[at] = requestValues[at]!;
        durationValues[at + 1] = requestValues[at + 3]!;
        for (let i = 0; i < own.length; i++) durationValues[i] = requestValues[i]!;
        duration.labelsOf(durationValues).observe(latencySeconds(l7), exemplar);
      },
    };
  },
};
