/**
 * The path of an HTTP request's URI as Go's url.ParseRequestURI reads it, which is what the filter over
 * paths looks at: percent-decoded, without the query; what Go refuses has no path. A fragment is not
 * known here, so `#` stays in the path.
 */

// biome-ignore lint/suspicious/noControlCharactersInRegex: Go refuses exactly these.
const controlPattern = /[\u0000-\u001f\u007f]/;
const schemePattern = /^[a-zA-Z][-+.a-zA-Z0-9]*:/;
const badEscapePattern = /%(?![0-9a-fA-F]{2})/;
const userPattern = /^[-A-Za-z0-9._:~!$&'()*+,;=%@]*$/;
/** What may stand in a host as it is; beyond ASCII everything may. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the range of what is not ASCII.
const hostPattern = /^(?:[-A-Za-z0-9._~!$&'()*+,;=:[\]<>"]|[^\u0000-\u007f]|%[0-9a-fA-F]{2})*$/;
/** An escaped ASCII character, "%" apart: hosts have none. */
const escapedAsciiPattern = /%(?!25)[0-7]/;

/** The decoded path, "" for a URI without one; undefined where Go refuses the text. */
export function requestPath(uri: string): string | undefined {
  if (uri === "" || controlPattern.test(uri)) return undefined;
  if (uri === "*") return "*";
  // No scheme can be before a leading colon.
  if (uri.startsWith(":")) return undefined;
  const scheme = schemePattern.exec(uri)?.[0] ?? "";
  let rest = uri.slice(scheme.length).split("?", 1)[0] as string;
  if (!rest.startsWith("/")) return scheme === "" ? undefined : "";
  if (scheme !== "" && rest.startsWith("//")) {
    const pathAt = rest.indexOf("/", 2);
    const authority = pathAt < 0 ? rest.slice(2) : rest.slice(2, pathAt);
    if (!isAuthority(authority)) return undefined;
    rest = pathAt < 0 ? "" : rest.slice(pathAt);
  }
  return decodePath(rest);
}

function isAuthority(authority: string): boolean {
  const atAt = authority.lastIndexOf("@");
  const user = authority.slice(0, Math.max(atAt, 0));
  if (!userPattern.test(user) || badEscapePattern.test(user)) return false;
  return isHost(authority.slice(atAt + 1));
}

function isHost(host: string): boolean {
  const closeAt = host.lastIndexOf("]");
  if (host.startsWith("[")) {
    return closeAt > 0 && isPort(host.slice(closeAt + 1)) && isHostText(host.slice(0, closeAt));
  }
  const colonAt = host.lastIndexOf(":");
  return (colonAt < 0 || isPort(host.slice(colonAt))) && isHostText(host);
}

/** Nothing, or a colon and digits, of which there may be none. */
function isPort(text: string): boolean {
  return /^(?::\d*)?$/.test(text);
}

function isHostText(text: string): boolean {
  return hostPattern.test(text) && !escapedAsciiPattern.test(text);
}

/** Escaped bytes that are no UTF-8 become U+FFFD, as which Go's expressions read them. */
function decodePath(path: string): string | undefined {
  if (!path.includes("%")) return path;
  if (badEscapePattern.test(path)) return undefined;
  return path.replace(/(?:%[0-9a-fA-F]{2})+/g, (escapes) => {
    const bytes = escapes
      .slice(1)
      .split("%")
      .map((hex) => Number.parseInt(hex, 16));
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes));
  });
}
