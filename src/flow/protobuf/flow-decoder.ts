/**
 * Flows in bulk out of protobuf: the very objects of message-decoder.ts, made by hand-written code for
 * what most flows have. Endpoints, addresses, names, event types and TCP flags come again and again:
 * they are made once and shared between flows. Whatever is rare goes through the general decoder, field
 * by field. Watched by bench/flows.ts; flow-decoder.test.ts and conformance compare the two decoders.
 */

import type {
  CiliumEventType,
  Endpoint,
  Flow,
  GetFlowsResponse,
  IP,
  Layer4,
  Layer7,
  Service,
  TCP,
  TCPFlags,
  UDP,
} from "../model/generated/messages.ts";
import { type Field, type Message, messageSchemas } from "../model/message-schema.ts";
import { decodeUtf8, ValueCache } from "./byte-cache.ts";
import { MessageDecoder } from "./message-decoder.ts";

type JsonObject = Record<string, unknown>;
type EnumName<Name extends keyof Flow> = Exclude<Flow[Name], undefined>;

const flowMessage = messageOf("flow.Flow");
const responseMessage = messageOf("observer.GetFlowsResponse");
const endpointMessage = messageOf("flow.Endpoint");
const layer4Message = messageOf("flow.Layer4");
const layer7Message = messageOf("flow.Layer7");
const ipMessage = messageOf("flow.IP");
const tcpMessage = messageOf("flow.TCP");
const udpMessage = messageOf("flow.UDP");
const flagsMessage = messageOf("flow.TCPFlags");
const serviceMessage = messageOf("flow.Service");
const eventTypeMessage = messageOf("flow.CiliumEventType");
const verdictField = fieldOf(flowMessage, "verdict");
const typeField = fieldOf(flowMessage, "Type");
const directionField = fieldOf(flowMessage, "traffic_direction");
const versionField = fieldOf(ipMessage, "ipVersion");
const sourceIpField = fieldOf(ipMessage, "source");
const destinationIpField = fieldOf(ipMessage, "destination");
const nodeNameField = fieldOf(flowMessage, "node_name");
const uuidField = fieldOf(flowMessage, "uuid");
const pointField = fieldOf(flowMessage, "trace_observation_point");
const dropField = fieldOf(flowMessage, "drop_reason_desc");
const reasonField = fieldOf(flowMessage, "trace_reason");
const summaryField = fieldOf(flowMessage, "Summary");
const responseNodeField = fieldOf(responseMessage, "node_name");

/** Distinct values kept of each kind; an endpoint is about 1 kB. */
const endpointPlaces = 8192;
const smallPlaces = 512;

/** Decodes flows; one a stream. Not shared between threads. */
export class FlowDecoder {
  readonly #decoder = new MessageDecoder();
  readonly #endpoints = new ValueCache<Endpoint>(endpointPlaces);
  readonly #eventTypes = new ValueCache<CiliumEventType>(smallPlaces);
  readonly #flags = new ValueCache<TCPFlags>(smallPlaces);
  readonly #services = new ValueCache<Service>(smallPlaces);

  /** Fields that this program does not know, passed over since it began. */
  get unknownFields(): number {
    return this.#decoder.unknownFields;
  }

  /** An observer.GetFlowsResponse from `start` up to `end`. Throws ParseError. */
  response(bytes: Buffer, start = 0, end = bytes.length): GetFlowsResponse {
    const decoder = this.#decoder;
    const { cursor } = decoder;
    decoder.reset(bytes, start, end);
    const response: GetFlowsResponse = {};
    while (cursor.at < end) {
      const tag = cursor.uint32();
      if (tag === 10 && response.flow === undefined && response.lost_events === undefined) {
        response.flow = this.#flow(cursor.lengthEnd());
        cursor.end = end;
      } else if (tag === 8002) response.node_name = decoder.text(responseNodeField);
      else if (tag === 8010) response.time = decoder.timestamp();
      else decoder.fieldOf(response as JsonObject, responseMessage, tag);
    }
    return response;
  }

  /** A flow.Flow from `start` up to `end`. Throws ParseError. */
  flow(bytes: Buffer, start = 0, end = bytes.length): Flow {
    this.#decoder.reset(bytes, start, end);
    return this.#flow(end);
  }

  /** Flow.node_name from `start` up to `end`. */
  nodeName(bytes: Buffer, start: number, end: number): string {
    const decoder = this.#decoder;
    decoder.reset(bytes, start, end);
    return decoder.texts.get(bytes, start, end) ?? decoder.failUtf8(nodeNameField);
  }

  /** Flow.uuid from `start` up to `end`. */
  uuid(bytes: Buffer, start: number, end: number): string {
    const decoder = this.#decoder;
    decoder.reset(bytes, start, end);
    return decodeUtf8(bytes, start, end) ?? decoder.failUtf8(uuidField);
  }

  /** A flow.Endpoint. Shared: not to be changed. */
  endpoint(bytes: Buffer, start: number, end: number): Endpoint {
    this.#decoder.reset(bytes, start, end);
    return this.#shared(this.#endpoints, endpointMessage, end, undefined);
  }

  /** A flow.CiliumEventType. Shared: not to be changed. */
  eventType(bytes: Buffer, start: number, end: number): CiliumEventType {
    this.#decoder.reset(bytes, start, end);
    return this.#shared(this.#eventTypes, eventTypeMessage, end, undefined);
  }

  /** A flow.IP. */
  ip(bytes: Buffer, start: number, end: number): IP {
    this.#decoder.reset(bytes, start, end);
    return this.#ip(end, end, undefined);
  }

  /** A flow.Layer4. */
  l4(bytes: Buffer, start: number, end: number): Layer4 {
    this.#decoder.reset(bytes, start, end);
    return this.#layer4(end, end, undefined);
  }

  /** A flow.Layer7. */
  l7(bytes: Buffer, start: number, end: number): Layer7 {
    this.#decoder.reset(bytes, start, end);
    return this.#whole(layer7Message, end, end, undefined);
  }

  /** Case numbers are tags: the field's number × 8 + the wire type. */
  #flow(end: number): Flow {
    const decoder = this.#decoder;
    const { cursor } = decoder;
    cursor.end = end;
    const flow: Flow = {};
    while (cursor.at < end) {
      const tag = cursor.uint32();
      switch (tag) {
        case 10:
          flow.time = decoder.timestamp();
          break;
        case 16:
          flow.verdict = enumOf(verdictField, cursor.int32()) as EnumName<"verdict"> | undefined;
          break;
        case 42:
          flow.IP = this.#ip(cursor.lengthEnd(), end, flow.IP);
          break;
        case 50:
          flow.l4 = this.#layer4(cursor.lengthEnd(), end, flow.l4);
          break;
        case 66:
          flow.source = this.#endpoint(cursor.lengthEnd(), end, flow.source);
          break;
        case 74:
          flow.destination = this.#endpoint(cursor.lengthEnd(), end, flow.destination);
          break;
        case 80:
          flow.Type = enumOf(typeField, cursor.int32()) as EnumName<"Type"> | undefined;
          break;
        case 90:
          flow.node_name = decoder.text(nodeNameField);
          break;
        case 122:
          flow.l7 = this.#whole(layer7Message, cursor.lengthEnd(), end, flow.l7);
          break;
        case 154:
          flow.event_type = this.#shared(
            this.#eventTypes,
            eventTypeMessage,
            cursor.lengthEnd(),
            flow.event_type,
          );
          cursor.end = end;
          break;
        case 176:
          flow.traffic_direction = enumOf(directionField, cursor.int32()) as
            | EnumName<"traffic_direction">
            | undefined;
          break;
        case 274:
          flow.uuid = this.#uniqueText(uuidField);
          break;
        case 800_002:
          flow.Summary = decoder.text(summaryField);
          break;
        default:
          this.#otherField(flow, tag, end);
      }
    }
    return flow;
  }

  /** What a part of the flows have. */
  #otherField(flow: Flow, tag: number, end: number): void {
    const decoder = this.#decoder;
    const { cursor } = decoder;
    switch (tag) {
      case 24:
        flow.drop_reason = cursor.uint32() || undefined;
        return;
      case 162:
        flow.source_service = this.#service(cursor.lengthEnd(), end, flow.source_service);
        return;
      case 170:
        flow.destination_service = this.#service(cursor.lengthEnd(), end, flow.destination_service);
        return;
      case 184:
        flow.policy_match_type = cursor.uint32() || undefined;
        return;
      case 192:
        flow.trace_observation_point = enumOf(pointField, cursor.int32()) as
          | EnumName<"trace_observation_point">
          | undefined;
        return;
      case 200:
        flow.drop_reason_desc = enumOf(dropField, cursor.int32()) as
          | EnumName<"drop_reason_desc">
          | undefined;
        return;
      case 210:
        flow.is_reply = decoder.wrapped() !== 0;
        return;
      case 288:
        flow.trace_reason = enumOf(reasonField, cursor.int32()) as
          | EnumName<"trace_reason">
          | undefined;
        return;
      default:
        decoder.fieldOf(flow as JsonObject, flowMessage, tag);
    }
  }

  #service(end: number, outerEnd: number, earlier: Service | undefined): Service {
    const service = this.#shared(this.#services, serviceMessage, end, earlier);
    this.#decoder.cursor.end = outerEnd;
    return service;
  }

  /** A text that hardly comes twice. */
  #uniqueText(field: Field): string {
    const { cursor } = this.#decoder;
    const end = cursor.lengthEnd();
    const text = decodeUtf8(cursor.bytes, cursor.at, end) ?? this.#decoder.failUtf8(field);
    cursor.at = end;
    return text;
  }

  /** A message by the general decoder, put together with an earlier part of it. */
  #whole<Value extends object>(
    message: Message,
    end: number,
    outerEnd: number,
    earlier: Value | undefined,
  ): Value {
    const into = (earlier === undefined ? {} : structuredClone(earlier)) as JsonObject;
    const value = this.#decoder.message(message, end, into);
    this.#decoder.cursor.end = outerEnd;
    return value as Value;
  }

  /** A message that comes again and again; the value of the same bytes is the same object. */
  #shared<Value extends object>(
    cache: ValueCache<Value>,
    message: Message,
    end: number,
    earlier: Value | undefined,
  ): Value {
    const { cursor } = this.#decoder;
    const { bytes, at } = cursor;
    if (earlier !== undefined) return this.#whole(message, end, end, earlier);
    const place = cache.place(bytes, at, end);
    const known = cache.at(place, bytes, at, end);
    if (known !== undefined) {
      cursor.at = end;
      return known;
    }
    const value = this.#decoder.message(message, end) as Value;
    cache.put(place, bytes, at, value, end);
    return value;
  }

  #endpoint(end: number, outerEnd: number, earlier: Endpoint | undefined): Endpoint {
    const endpoint = this.#shared(this.#endpoints, endpointMessage, end, earlier);
    this.#decoder.cursor.end = outerEnd;
    return endpoint;
  }

  #ip(end: number, outerEnd: number, earlier: IP | undefined): IP {
    if (earlier !== undefined) return this.#whole(ipMessage, end, outerEnd, earlier);
    const decoder = this.#decoder;
    const { cursor } = decoder;
    cursor.end = end;
    const ip: IP = {};
    while (cursor.at < end) {
      const tag = cursor.uint32();
      if (tag === 10) ip.source = decoder.text(sourceIpField);
      else if (tag === 18) ip.destination = decoder.text(destinationIpField);
      else if (tag === 24) {
        ip.ipVersion = enumOf(versionField, cursor.int32()) as IP["ipVersion"];
      } else decoder.fieldOf(ip as JsonObject, ipMessage, tag);
    }
    cursor.end = outerEnd;
    return ip;
  }

  #layer4(end: number, outerEnd: number, earlier: Layer4 | undefined): Layer4 {
    const decoder = this.#decoder;
    const { cursor } = decoder;
    const { at } = cursor;
    // A layer 4 is one protocol and no more; anything else is for the general decoder.
    const tag = at < end ? cursor.uint32() : 0;
    const isPlain = earlier === undefined && (tag === 10 || tag === 18);
    if (isPlain && cursor.lengthEnd() === end) {
      const layer4: Layer4 = tag === 10 ? { TCP: this.#tcp(end) } : { UDP: this.#udp(end) };
      cursor.end = outerEnd;
      return layer4;
    }
    cursor.at = at;
    return this.#whole(layer4Message, end, outerEnd, earlier);
  }

  #tcp(end: number): TCP {
    const decoder = this.#decoder;
    const { cursor } = decoder;
    cursor.end = end;
    const tcp: TCP = {};
    while (cursor.at < end) {
      const tag = cursor.uint32();
      if (tag === 8) tcp.source_port = cursor.uint32();
      else if (tag === 16) tcp.destination_port = cursor.uint32();
      else if (tag === 26) {
        tcp.flags = this.#shared(this.#flags, flagsMessage, cursor.lengthEnd(), tcp.flags);
        cursor.end = end;
      } else decoder.fieldOf(tcp as JsonObject, tcpMessage, tag);
    }
    return tcp;
  }

  #udp(end: number): UDP {
    const decoder = this.#decoder;
    const { cursor } = decoder;
    cursor.end = end;
    const udp: UDP = {};
    while (cursor.at < end) {
      const tag = cursor.uint32();
      if (tag === 8) udp.source_port = cursor.uint32();
      else if (tag === 16) udp.destination_port = cursor.uint32();
      else decoder.fieldOf(udp as JsonObject, udpMessage, tag);
    }
    return udp;
  }
}

/** A name, a number that has none, or undefined for the default. */
function enumOf(field: Field, number: number): string | number | undefined {
  return number === 0 ? undefined : (field.nameByNumber.get(number) ?? number);
}

function messageOf(name: "flow.Flow" | (string & {})): Message {
  return messageSchemas.get(name) as Message;
}

function fieldOf(message: Message, name: string): Field {
  return message.byName.get(name) as Field;
}
