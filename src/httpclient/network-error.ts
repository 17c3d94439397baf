/**
 * What a failed request is called: Node's error codes in the words of Go's net and crypto/tls
 * packages, since that is what people know from Prometheus' targets page and match in alerts.
 */

/** What Node throws for sockets, names and TLS. */
interface NodeNetworkError extends Error {
  readonly code?: string;
  readonly syscall?: string;
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
  readonly cert?: { readonly subjectaltname?: string };
  readonly host?: string;
  readonly errors?: readonly Error[];
}

const systemCallReasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset by peer",
  EHOSTUNREACH: "no route to host",
  ENETUNREACH: "network is unreachable",
  ETIMEDOUT: "connection timed out",
  EADDRNOTAVAIL: "cannot assign requested address",
  EACCES: "permission denied",
  EPIPE: "broken pipe",
  EMFILE: "too many open files",
};

const certificateReasons: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: "certificate signed by unknown authority",
  SELF_SIGNED_CERT_IN_CHAIN: "certificate signed by unknown authority",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "certificate signed by unknown authority",
  UNABLE_TO_GET_ISSUER_CERT: "certificate signed by unknown authority",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "certificate signed by unknown authority",
  CERT_HAS_EXPIRED: "certificate has expired or is not yet valid",
  CERT_NOT_YET_VALID: "certificate has expired or is not yet valid",
};

/** The reason in Go's words; Node's own where Go has no counterpart. */
export function networkErrorText(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const error = lastAttempt(thrown as NodeNetworkError);
  const code = error.code ?? "";
  if (error.syscall === "getaddrinfo") return lookupText(error, code);
  const reason = systemCallReasons[code];
  if (reason !== undefined) return socketText(error, reason);
  const certificate = certificateReasons[code];
  if (certificate !== undefined) return `tls: failed to verify certificate: x509: ${certificate}`;
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    const names = (error.cert?.subjectaltname ?? "").replaceAll(/(?:DNS|IP Address):/g, "");
    return `tls: failed to verify certificate: x509: certificate is valid for ${names}, not ${error.host}`;
  }
  if (code === "EPROTO" || code === "ERR_SSL_WRONG_VERSION_NUMBER") {
    return error.message.includes("wrong version number") ||
      error.message.includes("packet length too long")
      ? "http: server gave HTTP response to HTTPS client"
      : `remote error: ${error.message}`;
  }
  return error.message;
}

/** A host with several addresses fails once for each; Go reports the first, Node all. */
function lastAttempt(error: NodeNetworkError): NodeNetworkError {
  const [first] = error.errors ?? [];
  return first instanceof Error ? (first as NodeNetworkError) : error;
}

function lookupText(error: NodeNetworkError, code: string): string {
  const reason =
    code === "ENOTFOUND" || code === "ENODATA"
      ? "no such host"
      : "temporary failure in name resolution";
  return `dial tcp: lookup ${error.hostname}: ${reason}`;
}

function socketText(error: NodeNetworkError, reason: string): string {
  if (error.syscall !== "connect")
    return `${error.syscall ?? "read"} tcp: ${error.syscall ?? "read"}: ${reason}`;
  const host = error.address?.includes(":") ? `[${error.address}]` : error.address;
  const at = host === undefined ? "" : ` ${host}:${error.port}`;
  return `dial tcp${at}: connect: ${reason}`;
}
