/** `policy`: hubble_policy_verdicts_total, policy verdict events and L7 access log by direction, match and action. */

import { eventTypes, type Flow } from "../../../flow/model/flow.ts";
import { policyMatchTypeTexts } from "../../../flow/model/generated/names.ts";
import { enumText, l7Text, verdictText } from "../../flow-text.ts";
import { type HandlerKind, registerCounter } from "../../handler.ts";

const ownLabels = ["direction", "match", "action"] as const;
/** The identity of the node itself: its own traffic is not subject to policy. */
const hostIdentity = 1;

/** The handler `policy`. */
export const policyHandler: HandlerKind = {
  name: "policy",
  summary: "Counts policy verdicts by direction, kind of match and action.",
  options: {},
  conflictsWith: [],
  create(setup) {
    const { context } = setup;
    const verdicts = registerCounter(setup, {
      name: "hubble_policy_verdicts_total",
      help: "Total number of Cilium network policy verdicts",
      labelNames: [...ownLabels, ...context.labelNames],
    });
    const values: string[] = new Array(verdicts.labelNames.length).fill("");
    return {
      status: context.status,
      families: [verdicts],
      processFlow(flow) {
        const match = matchText(flow);
        if (match === undefined) return;
        values[0] = enumText(flow.traffic_direction, "TRAFFIC_DIRECTION_UNKNOWN").toLowerCase();
        values[1] = match;
        values[2] = verdictText(flow).toLowerCase();
        context.write(flow, values, ownLabels.length);
        verdicts.labelsOf(values).inc();
      },
    };
  },
};

/** undefined = the flow is no verdict. */
function matchText(flow: Flow): string | undefined {
  if (flow.event_type?.type === eventTypes.l7) return `l7/${l7Text(flow.l7).toLowerCase()}`;
  if (flow.event_type?.type !== eventTypes.policyVerdict) return undefined;
  if (flow.source?.identity === hostIdentity) return undefined;
  return (policyMatchTypeTexts[flow.policy_match_type ?? 0] ?? "unknown").toLowerCase();
}
