/**
 * Hubble's gRPC methods as @grpc/grpc-js wants them: paths and how messages become bytes. Streams of
 * flows are left as bytes on the client's side, so that one broken message does not end the stream.
 */

import type { MethodDefinition, ServiceDefinition } from "@grpc/grpc-js";
import { hubbleServices } from "../model/generated/services.ts";
import type { MessageName } from "../model/protojson.ts";
import { MessageDecoder } from "../protobuf/message-decoder.ts";
import { MessageEncoder } from "../protobuf/message-encoder.ts";

/** Full names of the services. */
export type HubbleServiceName = keyof typeof hubbleServices;

/** How a method is called. */
export interface HubbleMethod {
  /** "/observer.Observer/GetFlows". */
  readonly path: string;
  readonly request: MessageName;
  readonly response: MessageName;
  readonly isStream: boolean;
}

/** The method `name` of a service. */
export function hubbleMethod<Service extends HubbleServiceName>(
  service: Service,
  name: keyof (typeof hubbleServices)[Service] & string,
): HubbleMethod {
  const method = hubbleServices[service][name] as Omit<HubbleMethod, "path">;
  return { path: `/${service}/${name}`, ...method };
}

/** The definition of a service for a grpc Server. Answers may be objects or bytes that are ready. */
export function serviceDefinition(service: HubbleServiceName): ServiceDefinition {
  const encoder = new MessageEncoder();
  const definition: Record<string, MethodDefinition<object, object>> = {};
  for (const name of Object.keys(hubbleServices[service])) {
    const method = hubbleMethod(service, name as never);
    definition[name] = {
      path: method.path,
      requestStream: false,
      responseStream: method.isStream,
      requestSerialize: (message) => encoder.encode(method.request, message),
      requestDeserialize: (bytes) => new MessageDecoder().decode(method.request, bytes),
      responseSerialize: (message) =>
        Buffer.isBuffer(message) ? message : encoder.encode(method.response, message),
      responseDeserialize: (bytes) => new MessageDecoder().decode(method.response, bytes),
    };
  }
  return definition;
}
