/** Every flow metric handler, by name. One line each. */

import type { HandlerKind } from "./handler.ts";
import { dnsHandler } from "./handlers/dns/handler.ts";
import { dropHandler } from "./handlers/drop/handler.ts";
import { flowHandler } from "./handlers/flow/handler.ts";
import { flowsToWorldHandler } from "./handlers/flows-to-world/handler.ts";
import { httpHandler } from "./handlers/http/handler.ts";
import { httpV2Handler } from "./handlers/httpv2/handler.ts";
import { icmpHandler } from "./handlers/icmp/handler.ts";
import { kafkaHandler } from "./handlers/kafka/handler.ts";
import { policyHandler } from "./handlers/policy/handler.ts";
import { portDistributionHandler } from "./handlers/port-distribution/handler.ts";
import { tcpHandler } from "./handlers/tcp/handler.ts";

/** The handlers that a metrics string can name. */
export const handlerKinds: readonly HandlerKind[] = [
  dnsHandler,
  dropHandler,
  tcpHandler,
  flowHandler,
  flowsToWorldHandler,
  httpHandler,
  httpV2Handler,
  icmpHandler,
  kafkaHandler,
  policyHandler,
  portDistributionHandler,
];
