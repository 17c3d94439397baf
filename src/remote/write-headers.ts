/**
 * What a remote-write request says of itself in its headers, and the bounds of its body: the checks of
 * Prometheus' receiver with its words, in its order (encoding, size, then the media type).
 */

/** Largest body, compressed or not, bytes: Prometheus' own bound. */
export const writeBodyBytesMax = 32 << 20;

const mediaType = "application/x-protobuf";
/** Names of the message of 1.0 and 2.0. */
const messageV1 = "prometheus.WriteRequest";
const messageV2 = "io.prometheus.write.v2.Request";

/** Why the encoding is refused (415), or undefined. */
export function encodingProblem(contentEncoding: string): string | undefined {
  if (contentEncoding === "" || contentEncoding === "snappy") return undefined;
  return `${contentEncoding} encoding (compression) is not accepted by this server; only snappy is acceptable`;
}

/** Why the media type is refused (415), or undefined. No type at all means 1.0. */
export function contentTypeProblem(contentType: string): string | undefined {
  const given = contentType.trim();
  if (given === "") return undefined;
  const [type, ...parameters] = given.split(";");
  if (type !== mediaType) {
    return `expected ${mediaType} as the first (media) part, got ${given} content-type`;
  }
  for (const parameter of parameters) {
    const pair = parameter.split("=");
    if (pair.length !== 2) {
      return `as per https://www.rfc-editor.org/rfc/rfc9110#parameter expected parameters to be key-values, got ${parameter} in ${given} content-type`;
    }
    if (pair[0] === "proto") return messageProblem(pair[1] ?? "", given);
  }
  return undefined;
}

function messageProblem(message: string, contentType: string): string | undefined {
  if (message === messageV1) return undefined;
  if (message === messageV2) {
    return `${messageV2} protobuf message is not accepted by this server; only accepts ${messageV1}`;
  }
  return `got ${contentType} content type; unknown type for remote write protobuf message ${message}, supported: ${messageV1}, ${messageV2}`;
}
