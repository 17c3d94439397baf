/** curl's -w: variables of a finished transfer, and escapes. */

/** What is known of a transfer; times in seconds since its start, as curl counts them. */
export interface TransferFigures {
  readonly url: string;
  readonly method: string;
  readonly exitCode: number;
  readonly errorMessage: string;
  readonly responseCode: number;
  readonly httpVersion: string;
  readonly contentType: string;
  readonly redirectUrl: string;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly headerBytes: number;
  readonly headerCount: number;
  readonly requestBytes: number;
  readonly downloadBytes: number;
  readonly uploadBytes: number;
  readonly connectCount: number;
  readonly redirectCount: number;
  readonly nameLookupSeconds: number;
  readonly connectSeconds: number;
  readonly preTransferSeconds: number;
  readonly startTransferSeconds: number;
  readonly redirectSeconds: number;
  readonly totalSeconds: number;
}

const variables: Readonly<Record<string, (figures: TransferFigures) => string>> = {
  http_code: ({ responseCode }) => String(responseCode).padStart(3, "0"),
  response_code: ({ responseCode }) => String(responseCode).padStart(3, "0"),
  http_version: ({ httpVersion }) => (httpVersion === "" ? "0" : httpVersion),
  content_type: ({ contentType }) => contentType,
  errormsg: ({ errorMessage }) => errorMessage,
  exitcode: ({ exitCode }) => String(exitCode),
  filename_effective: () => "",
  local_ip: ({ localAddress }) => localAddress,
  local_port: ({ localPort }) => String(localPort),
  method: ({ method }) => method,
  num_connects: ({ connectCount }) => String(connectCount),
  num_headers: ({ headerCount }) => String(headerCount),
  num_redirects: ({ redirectCount }) => String(redirectCount),
  redirect_url: ({ redirectUrl }) => redirectUrl,
  remote_ip: ({ remoteAddress }) => remoteAddress,
  remote_port: ({ remotePort }) => String(remotePort),
  scheme: () => "HTTP",
  size_download: ({ downloadBytes }) => String(downloadBytes),
  size_header: ({ headerBytes }) => String(headerBytes),
  size_request: ({ requestBytes }) => String(requestBytes),
  size_upload: ({ uploadBytes }) => String(uploadBytes),
  speed_download: (figures) => String(speed(figures.downloadBytes, figures.totalSeconds)),
  speed_upload: (figures) => String(speed(figures.uploadBytes, figures.totalSeconds)),
  ssl_verify_result: () => "0",
  time_appconnect: () => seconds(0),
  time_connect: ({ connectSeconds }) => seconds(connectSeconds),
  time_namelookup: ({ nameLookupSeconds }) => seconds(nameLookupSeconds),
  time_pretransfer: ({ preTransferSeconds }) => seconds(preTransferSeconds),
  time_redirect: ({ redirectSeconds }) => seconds(redirectSeconds),
  time_starttransfer: ({ startTransferSeconds }) => seconds(startTransferSeconds),
  time_total: ({ totalSeconds }) => seconds(totalSeconds),
  url: ({ url }) => url,
  url_effective: ({ url }) => url,
};

const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/** The text to print; `warn` takes curl's words about unknown variables. */
export function formatWriteOut(
  format: string,
  figures: TransferFigures,
  warn: (text: string) => void,
): string {
  return format.replaceAll(/%%|%\{([^}]*)\}|\\(.)/g, (whole, name?: string, escaped?: string) => {
    if (whole === "%%") return "%";
    if (escaped !== undefined) return escapes[escaped] ?? whole;
    const variable = Object.hasOwn(variables, name ?? "") ? variables[name ?? ""] : undefined;
    if (variable !== undefined) return variable(figures);
    warn(`curl: unknown --write-out variable: '${name ?? ""}'\n`);
    return "";
  });
}

function seconds(value: number): string {
  return value.toFixed(6);
}

function speed(bytes: number, totalSeconds: number): number {
  return totalSeconds <= 0 ? 0 : Math.round(bytes / totalSeconds);
}
