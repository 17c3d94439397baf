/** Regexps as Grafana's settings hold them: `/text/flags`, or a bare text that must match the whole. */

/** The regexp of a setting; undefined where it is none. */
export function parsePattern(text: string): RegExp | undefined {
  const match = /^\/(.*)\/([gimsuy]*)$/s.exec(text);
  try {
    return match === null ? new RegExp(`^${text}$`) : new RegExp(match[1] ?? "", match[2] ?? "");
  } catch {
    // A SyntaxError of RegExp is the caller's to say in its own words.
    return undefined;
  }
}
