/** Recognises series that stand for a verdict: they carry its colour and glyph, never a series colour (UI.md 5). */

/** Hubble's verdicts that have a colour of their own. */
export type Verdict = "forwarded" | "dropped" | "audit" | "redirected";

const verdicts: Readonly<Record<string, Verdict>> = {
  forwarded: "forwarded",
  dropped: "dropped",
  denied: "dropped",
  audit: "audit",
  redirected: "redirected",
};

/** The verdict a series' name says and nothing else, undefined for any other name. */
export function verdictOf(label: string): Verdict | undefined {
  return verdicts[label.trim().toLowerCase()];
}
