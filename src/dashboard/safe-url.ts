/**
 * Addresses of links in dashboards: only those that a browser may follow without running anything.
 * Links to Grafana's own pages lead to ours.
 */

const safeProtocols = new Set(["http:", "https:", "mailto:"]);

/** The address to follow, or undefined where it must stay a text (javascript:, data:, blob:…). */
export function safeUrl(text: string): string | undefined {
  // Browsers skip control characters and blanks within a protocol: so does the check.
  const bare = [...text].filter((letter) => letter > " ").join("");
  if (bare === "" || bare.startsWith("//") || bare.startsWith("\\") || bare.startsWith("/\\"))
    return undefined;
  const protocol = /^[a-zA-Z][a-zA-Z0-9+.-]*:/.exec(bare)?.[0].toLowerCase();
  if (protocol === undefined) return ownPage(text.trim());
  return safeProtocols.has(protocol) ? text.trim() : undefined;
}

/** Whether an address leads to a page of this site. */
export function isOwnPage(href: string): boolean {
  return href.startsWith("/");
}

/** `d/uid/slug?…` without the slug; other relative addresses from the root. */
function ownPage(text: string): string {
  const fromRoot =
    text.startsWith("/") || text.startsWith("?") || text.startsWith("#") ? text : `/${text}`;
  return fromRoot.replace(/^\/d\/([^/?#]+)\/[^?#]*/, "/d/$1");
}
