/**
 * What went wrong with a call, in words for the person who has to mend it: grpc's status codes and
 * OpenSSL's texts say little to them.
 */

import { status } from "@grpc/grpc-js";
import { AppError, errorMessage } from "../../base/errors.ts";

/** Cause and mend of a failed call. */
export interface CallTrouble {
  readonly cause: string;
  /** "" where waiting is all there is to do. */
  readonly mend: string;
  /** grpc status code; -1 where the call never began. */
  readonly code: number;
}

interface Known {
  readonly pattern: RegExp;
  readonly cause: string;
  readonly mend: string;
}

/** By what grpc-js, Node's TLS and the operating system write; first match wins. */
const knownCauses: readonly Known[] = [
  {
    pattern: /certificate has expired|CERT_HAS_EXPIRED/,
    cause: "the server's certificate has expired",
    mend: "renew it (Cilium: rerun the certgen job, or check cert-manager), or look at this machine's clock",
  },
  {
    pattern: /certificate is not yet valid|CERT_NOT_YET_VALID/,
    cause: "the server's certificate is not valid yet",
    mend: "look at this machine's clock and the certificate's dates",
  },
  {
    pattern:
      /unable to verify the first certificate|self[- ]signed certificate|unable to get (local )?issuer certificate|UNABLE_TO_VERIFY|SELF_SIGNED|UNABLE_TO_GET_ISSUER/i,
    cause: "the server's certificate comes from an authority that is not trusted here",
    mend: "give the authority's file with ca (CLI: --tls-ca-cert-files), in Cilium ca.crt of the secret hubble-relay-client-certs or cilium-ca",
  },
  {
    pattern: /altnames|ERR_TLS_CERT_ALTNAME_INVALID|Hostname\/IP does not match/,
    cause: "the server's certificate bears another name",
    mend: "give the name it bears with tls-server-name, as in ui.hubble-relay.cilium.io or *.default.hubble-grpc.cilium.io",
  },
  {
    pattern:
      /certificate required|alert number 116|bad certificate|alert number 42|handshake failure|alert number 40|unknown ca|alert number 48|certificate unknown|alert number 46|decrypt error/i,
    cause: "the server wants a client certificate of an authority that it trusts",
    mend: "give cert and key (CLI: --tls-client-cert-file, --tls-client-key-file), in Cilium the secret hubble-relay-client-certs",
  },
  {
    pattern: /wrong version number|packet length too long|http request/i,
    cause: "the server speaks no TLS there",
    mend: "write grpc:// instead of grpcs:// (CLI: leave --tls and tls:// away)",
  },
  {
    pattern: /ECONNREFUSED/,
    cause: "nothing listens at that address",
    mend: "look at host and port; for a Relay in a cluster: kubectl -n kube-system port-forward service/hubble-relay 4245:80",
  },
  {
    pattern: /ENOTFOUND|EAI_AGAIN|Name resolution failed/,
    cause: "the host name does not resolve",
    mend: "look at the name, or give an address",
  },
  {
    pattern: /EHOSTUNREACH|ENETUNREACH|ETIMEDOUT/,
    cause: "no way leads to that address",
    mend: "look at the network between here and there",
  },
  {
    pattern: /keepalive|Ping timeout/i,
    cause: "the server stopped answering",
    mend: "",
  },
  {
    pattern:
      /ECONNRESET|socket hang up|Connection dropped|read ECONN|RST_STREAM|GOAWAY|EPIPE|Failed to connect/i,
    cause: "the server closed the connection",
    mend: "if this repeats: a server that wants TLS does so to plain text; write grpcs:// (CLI: --tls)",
  },
];

/** Cause and mend of what a call threw. */
export function callTrouble(thrown: unknown): CallTrouble {
  const code = codeOf(thrown);
  const text = errorMessage(thrown).replace(/^\d+ [A-Z_]+: /, "");
  if (thrown instanceof AppError) return { cause: text, mend: "", code };
  switch (code) {
    case status.UNIMPLEMENTED:
      return {
        cause: `the server has no such call: ${text}`,
        mend: "look whether the port is that of a Hubble server (agent 4244, Relay 4245 or 80)",
        code,
      };
    case status.UNAUTHENTICATED:
    case status.PERMISSION_DENIED:
      return { cause: `the server lets us not in: ${text}`, mend: "give user and password", code };
    case status.DEADLINE_EXCEEDED:
      return {
        cause: "the server did not answer in time",
        mend: "look at its load, or whether something between here and there swallows the packets",
        code,
      };
    case status.RESOURCE_EXHAUSTED:
      return { cause: `the server or a message is beyond a limit: ${text}`, mend: "", code };
    case status.INVALID_ARGUMENT:
      return { cause: `the server refused the request: ${text}`, mend: "", code };
  }
  const known = knownCauses.find(({ pattern }) => pattern.test(text));
  if (known !== undefined) return { cause: known.cause, mend: known.mend, code };
  return { cause: text === "" ? "the call ended without a word" : text, mend: "", code };
}

/** As one sentence: "cause; mend". */
export function troubleSentence({ cause, mend }: CallTrouble): string {
  return mend === "" ? cause : `${cause}; ${mend}`;
}

function codeOf(thrown: unknown): number {
  const code = (thrown as { code?: unknown } | undefined)?.code;
  return typeof code === "number" ? code : -1;
}
