/**
 * `http` (deprecated by Cilium): hubble_http_requests_total on requests, hubble_http_responses_total
 * and hubble_http_request_duration_seconds on responses. The ends are as in the flow: of a response,
 * the server is the source.
 */

import { latencySeconds, reporterText } from "../../flow-text.ts";
import { type HandlerKind, registerCounter, registerHistogram } from "../../handler.ts";
import { areExemplarsOn, exemplarsOption, flowExemplar, httpFamilies } from "../../http-metrics.ts";

/** The handler `http`. */
export const httpHandler: HandlerKind = {
  name: "http",
  summary: "Counts HTTP requests and responses, and measures their duration (prefer httpV2).",
  options: exemplarsOption,
  conflictsWith: ["httpV2"],
  create(setup) {
    const { context, clock } = setup;
    const hasExemplars = areExemplarsOn(setup.spec);
    const own = context.labelNames;
    const at = own.length;
    const requests = registerCounter(setup, {
      ...httpFamilies.requests,
      labelNames: [...own, "method", "protocol", "reporter"],
    });
    const responses = registerCounter(setup, {
      ...httpFamilies.responses,
      labelNames: [...own, "method", "protocol", "status", "reporter"],
    });
    const duration = registerHistogram(setup, {
      ...httpFamilies.duration,
      labelNames: [...own, "method", "reporter"],
    });
    const requestValues: string[] = new Array(requests.labelNames.length).fill("");
    const responseValues: string[] = new Array(responses.labelNames.length).fill("");
    const durationValues: string[] = new Array(duration.labelNames.length).fill("");
    return {
      status: `${context.status},exemplars=${hasExemplars}`,
      families: [requests, responses, duration],
      processFlow(flow) {
        const { l7 } = flow;
        const http = l7?.http;
        if (l7 === undefined || http === undefined) return;
        if (l7.type !== "REQUEST" && l7.type !== "RESPONSE") return;
        const exemplar = flowExemplar(flow, hasExemplars, clock);
        const method = http.method ?? "";
        const reporter = reporterText(flow);
        if (l7.type === "REQUEST") {
          requestValues[at] = method;
          requestValues[at + 1] = http.protocol ?? "";
          requestValues[at + 2] = reporter;
          context.write(flow, requestValues, 0);
          requests.labelsOf(requestValues).inc(1, exemplar);
          return;
        }
        responseValues[at] = method;
        responseValues[at + 1] = http.protocol ?? "";
        responseValues[at + 2] = String(http.code ?? 0);
        responseValues[at + 3] = reporter;
        context.write(flow, responseValues, 0);
        responses.labelsOf(responseValues).inc(1, exemplar);
        durationValues[at] = method;
        durationValues[at + 1] = reporter;
        for (let i = 0; i < own.length; i++) durationValues[i] = responseValues[i]!;
        duration.labelsOf(durationValues).observe(latencySeconds(l7), exemplar);
      },
    };
  },
};
