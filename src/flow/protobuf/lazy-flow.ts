/**
 * A flow that is read from its bytes field by field, when it is asked for: for readers that look at a
 * few fields of each flow and keep none, as metric handlers and filters do. One object serves all flows
 * of a stream: what was read is gone with the next `reset`. `toFlow()` gives a flow to keep.
 *
 *   reset ─ one pass over the tags: where the hot fields lie (`#spans`), numbers themselves (`#numbers`)
 *   get   ─ decodes a hot field once; any other field decodes the whole flow, once
 *
 * Cost of reset: about 20 tags, no allocation. Watched by bench/flows.ts (protobuf to counters).
 */

import type { Flow } from "../model/flow.ts";
import type {
  CiliumEventType,
  Endpoint,
  IP,
  Layer4,
  Layer7,
  TraceContext,
} from "../model/generated/messages.ts";
import { type Field, type Message, messageSchemas } from "../model/message-schema.ts";
import { ByteCursor, wireTypes } from "./byte-cursor.ts";
import { FlowDecoder } from "./flow-decoder.ts";

const flowMessage = messageSchemas.get("flow.Flow") as Message;

/** Fields with higher numbers are rare or lists: they come with the whole flow. */
const numberMax = 41;
/** Numbers of the hot fields. */
const fields = {
  time: 1,
  verdict: 2,
  ip: 5,
  l4: 6,
  source: 8,
  destination: 9,
  type: 10,
  nodeName: 11,
  l7: 15,
  eventType: 19,
  direction: 22,
  dropReason: 25,
  isReply: 26,
  traceContext: 30,
  uuid: 34,
} as const;

const verdictField = flowMessage.byNumber.get(fields.verdict) as Field;
const typeField = flowMessage.byNumber.get(fields.type) as Field;
const directionField = flowMessage.byNumber.get(fields.direction) as Field;
const dropReasonField = flowMessage.byNumber.get(fields.dropReason) as Field;

/** A flow in bytes. Not to be kept, copied or printed: its fields are no properties of its own. */
export class LazyFlow implements Flow {
  readonly #decoder = new FlowDecoder();
  readonly #cursor = new ByteCursor();
  /** Start and end of the hot fields that are bytes; 0, 0 = not there. */
  readonly #spans = new Int32Array((numberMax + 1) * 2);
  readonly #numbers = new Int32Array(numberMax + 1);
  #start = 0;
  #end = 0;
  #full: Flow | undefined;
  #hasIp = false;
  #ip: IP | undefined;
  #hasL4 = false;
  #l4: Layer4 | undefined;
  #hasSource = false;
  #source: Endpoint | undefined;
  #hasDestination = false;
  #destination: Endpoint | undefined;
  #hasL7 = false;
  #l7: Layer7 | undefined;
  #hasEventType = false;
  #eventType: CiliumEventType | undefined;

  /** Fields that this program does not know and that were passed over. Whole flows only. */
  get unknownFields(): number {
    return this.#decoder.unknownFields;
  }

  /**
   * Turns to the flow in an observer.GetFlowsResponse from `start` up to `end`; false where it holds
   * another kind of event. Throws ParseError.
   */
  resetResponse(bytes: Buffer, start = 0, end = bytes.length): boolean {
    const cursor = this.#cursor;
    cursor.reset(bytes, start, end);
    let flowAt = -1;
    let flowEnd = -1;
    while (cursor.at < end) {
      const tag = cursor.uint32();
      if (tag !== 10) {
        cursor.skip(tag & 7);
        continue;
      }
      flowEnd = cursor.lengthEnd();
      flowAt = cursor.at;
      cursor.at = flowEnd;
    }
    if (flowAt < 0) return false;
    this.reset(bytes, flowAt, flowEnd);
    return true;
  }

  /** Turns to the flow.Flow from `start` up to `end`. Throws ParseError. */
  reset(bytes: Buffer, start = 0, end = bytes.length): void {
    const cursor = this.#cursor;
    const spans = this.#spans;
    const numbers = this.#numbers;
    cursor.reset(bytes, start, end);
    this.#start = start;
    this.#end = end;
    this.#forget();
    let isOdd = false;
    while (cursor.at < end) {
      const tag = cursor.uint32();
      const number = tag >>> 3;
      const wireType = tag & 7;
      if (number > numberMax) cursor.skip(wireType);
      else if (wireType === wireTypes.bytes) {
        const fieldEnd = cursor.lengthEnd();
        // A message that comes twice is put together: the whole decoder knows how.
        isOdd ||= spans[number * 2 + 1] !== 0 && !isList(number);
        spans[number * 2] = cursor.at;
        spans[number * 2 + 1] = fieldEnd;
        cursor.at = fieldEnd;
      } else if (wireType === wireTypes.varint) {
        // Negative and 64-bit numbers are cut; only enums are read from here.
        numbers[number] = cursor.uint32();
      } else cursor.skip(wireType);
    }
    if (isOdd) this.#full = this.#decoder.flow(bytes, start, end);
  }

  /** The flow as an object of its own. */
  toFlow(): Flow {
    return this.#decoder.flow(this.#cursor.bytes, this.#start, this.#end);
  }

  get time(): string | undefined {
    return this.#whole().time;
  }

  get verdict(): Flow["verdict"] {
    return this.#enum(fields.verdict, verdictField) as Flow["verdict"];
  }

  get Type(): Flow["Type"] {
    return this.#enum(fields.type, typeField) as Flow["Type"];
  }

  get traffic_direction(): Flow["traffic_direction"] {
    return this.#enum(fields.direction, directionField) as Flow["traffic_direction"];
  }

  get drop_reason_desc(): Flow["drop_reason_desc"] {
    return this.#enum(fields.dropReason, dropReasonField) as Flow["drop_reason_desc"];
  }

  get is_reply(): boolean | undefined {
    const at = this.#spans[fields.isReply * 2]!;
    const end = this.#spans[fields.isReply * 2 + 1]!;
    if (end === 0) return this.#full?.is_reply;
    // Empty is false; else one field, number 1, of one byte.
    if (end - at === 0) return false;
    if (end - at === 2) return this.#cursor.bytes[at + 1] !== 0;
    return this.#whole().is_reply;
  }

  get node_name(): string | undefined {
    const end = this.#spans[fields.nodeName * 2 + 1]!;
    if (end === 0 || this.#full !== undefined) return this.#full?.node_name;
    return this.#decoder.nodeName(this.#cursor.bytes, this.#spans[fields.nodeName * 2]!, end);
  }

  get uuid(): string | undefined {
    const end = this.#spans[fields.uuid * 2 + 1]!;
    if (end === 0 || this.#full !== undefined) return this.#full?.uuid;
    return this.#decoder.uuid(this.#cursor.bytes, this.#spans[fields.uuid * 2]!, end);
  }

  get trace_context(): TraceContext | undefined {
    const end = this.#spans[fields.traceContext * 2 + 1]!;
    return end === 0 ? this.#full?.trace_context : this.#whole().trace_context;
  }

  get IP(): IP | undefined {
    if (!this.#hasIp) {
      this.#hasIp = true;
      this.#ip = this.#full === undefined ? this.#readIp() : this.#full.IP;
    }
    return this.#ip;
  }

  get l4(): Layer4 | undefined {
    if (!this.#hasL4) {
      this.#hasL4 = true;
      this.#l4 = this.#full === undefined ? this.#readL4() : this.#full.l4;
    }
    return this.#l4;
  }

  get source(): Endpoint | undefined {
    if (!this.#hasSource) {
      this.#hasSource = true;
      this.#source = this.#full === undefined ? this.#readSource() : this.#full.source;
    }
    return this.#source;
  }

  get destination(): Endpoint | undefined {
    if (!this.#hasDestination) {
      this.#hasDestination = true;
      this.#destination =
        this.#full === undefined ? this.#readDestination() : this.#full.destination;
    }
    return this.#destination;
  }

  get l7(): Layer7 | undefined {
    if (!this.#hasL7) {
      this.#hasL7 = true;
      this.#l7 = this.#full === undefined ? this.#readL7() : this.#full.l7;
    }
    return this.#l7;
  }

  get event_type(): CiliumEventType | undefined {
    if (!this.#hasEventType) {
      this.#hasEventType = true;
      this.#eventType = this.#full === undefined ? this.#readEventType() : this.#full.event_type;
    }
    return this.#eventType;
  }

  get emitter(): Flow["emitter"] {
    return this.#whole().emitter;
  }

  get drop_reason(): Flow["drop_reason"] {
    return this.#whole().drop_reason;
  }

  get auth_type(): Flow["auth_type"] {
    return this.#whole().auth_type;
  }

  get ethernet(): Flow["ethernet"] {
    return this.#whole().ethernet;
  }

  get tunnel(): Flow["tunnel"] {
    return this.#whole().tunnel;
  }

  get node_labels(): Flow["node_labels"] {
    return this.#whole().node_labels;
  }

  get source_names(): Flow["source_names"] {
    return this.#whole().source_names;
  }

  get destination_names(): Flow["destination_names"] {
    return this.#whole().destination_names;
  }

  get reply(): Flow["reply"] {
    return this.#whole().reply;
  }

  get source_service(): Flow["source_service"] {
    return this.#whole().source_service;
  }

  get destination_service(): Flow["destination_service"] {
    return this.#whole().destination_service;
  }

  get policy_match_type(): Flow["policy_match_type"] {
    return this.#whole().policy_match_type;
  }

  get trace_observation_point(): Flow["trace_observation_point"] {
    return this.#whole().trace_observation_point;
  }

  get trace_reason(): Flow["trace_reason"] {
    return this.#whole().trace_reason;
  }

  get file(): Flow["file"] {
    return this.#whole().file;
  }

  get ip_trace_id(): Flow["ip_trace_id"] {
    return this.#whole().ip_trace_id;
  }

  get debug_capture_point(): Flow["debug_capture_point"] {
    return this.#whole().debug_capture_point;
  }

  get interface(): Flow["interface"] {
    return this.#whole().interface;
  }

  get proxy_port(): Flow["proxy_port"] {
    return this.#whole().proxy_port;
  }

  get sock_xlate_point(): Flow["sock_xlate_point"] {
    return this.#whole().sock_xlate_point;
  }

  get socket_cookie(): Flow["socket_cookie"] {
    return this.#whole().socket_cookie;
  }

  get cgroup_id(): Flow["cgroup_id"] {
    return this.#whole().cgroup_id;
  }

  get Summary(): Flow["Summary"] {
    return this.#whole().Summary;
  }

  get extensions(): Flow["extensions"] {
    return this.#whole().extensions;
  }

  get egress_allowed_by(): Flow["egress_allowed_by"] {
    return this.#whole().egress_allowed_by;
  }

  get ingress_allowed_by(): Flow["ingress_allowed_by"] {
    return this.#whole().ingress_allowed_by;
  }

  get egress_denied_by(): Flow["egress_denied_by"] {
    return this.#whole().egress_denied_by;
  }

  get ingress_denied_by(): Flow["ingress_denied_by"] {
    return this.#whole().ingress_denied_by;
  }

  get policy_log(): Flow["policy_log"] {
    return this.#whole().policy_log;
  }

  get aggregate(): Flow["aggregate"] {
    return this.#whole().aggregate;
  }

  #forget(): void {
    this.#spans.fill(0);
    this.#numbers.fill(0);
    this.#full = undefined;
    this.#hasIp = false;
    this.#hasL4 = false;
    this.#hasSource = false;
    this.#hasDestination = false;
    this.#hasL7 = false;
    this.#hasEventType = false;
  }

  /** The whole flow, decoded once. */
  #whole(): Flow {
    this.#full ??= this.toFlow();
    return this.#full;
  }

  #enum(number: number, field: Field): string | number | undefined {
    const value = this.#numbers[number]!;
    return value === 0 ? undefined : (field.nameByNumber.get(value) ?? value);
  }

  #readIp(): IP | undefined {
    const end = this.#spans[fields.ip * 2 + 1]!;
    if (end === 0) return undefined;
    return this.#decoder.ip(this.#cursor.bytes, this.#spans[fields.ip * 2]!, end);
  }

  #readL4(): Layer4 | undefined {
    const end = this.#spans[fields.l4 * 2 + 1]!;
    if (end === 0) return undefined;
    return this.#decoder.l4(this.#cursor.bytes, this.#spans[fields.l4 * 2]!, end);
  }

  #readSource(): Endpoint | undefined {
    const end = this.#spans[fields.source * 2 + 1]!;
    if (end === 0) return undefined;
    return this.#decoder.endpoint(this.#cursor.bytes, this.#spans[fields.source * 2]!, end);
  }

  #readDestination(): Endpoint | undefined {
    const end = this.#spans[fields.destination * 2 + 1]!;
    if (end === 0) return undefined;
    return this.#decoder.endpoint(this.#cursor.bytes, this.#spans[fields.destination * 2]!, end);
  }

  #readL7(): Layer7 | undefined {
    const end = this.#spans[fields.l7 * 2 + 1]!;
    if (end === 0) return undefined;
    return this.#decoder.l7(this.#cursor.bytes, this.#spans[fields.l7 * 2]!, end);
  }

  #readEventType(): CiliumEventType | undefined {
    const end = this.#spans[fields.eventType * 2 + 1]!;
    if (end === 0) return undefined;
    return this.#decoder.eventType(this.#cursor.bytes, this.#spans[fields.eventType * 2]!, end);
  }
}

/** Lists among the low numbers: node_labels, source_names, destination_names. */
function isList(number: number): boolean {
  return number === 37 || number === 13 || number === 14;
}
