/** Text: Markdown or HTML of the dashboard, made safe before it touches the page; variables filled in. */

import DOMPurify from "dompurify";
import { marked } from "marked";
import { useMemo } from "react";
import type { PanelProps } from "../panel-props.ts";

/** Mode "code" shows the text as it is. */
export function TextPanel({ panel, interpolate }: PanelProps) {
  const content = interpolate(String(panel.options["content"] ?? ""));
  const mode = String(panel.options["mode"] ?? "markdown");
  const html = useMemo(() => safeHtml(content, mode), [content, mode]);
  if (mode === "code") return <pre className="prose mono">{content}</pre>;
  return (
    // biome-ignore lint/security/noDangerouslySetInnerHtml: DOMPurify has taken out everything that acts.
    <div className="prose" dangerouslySetInnerHTML={{ __html: html }} />
  );
}

/**
 * Without scripts, handlers, forms, frames and styles that leave the panel. Pictures of other places
 * are not loaded (who wrote the dashboard would see who looks at it): their text leads to them.
 */
export function safeHtml(content: string, mode: string): string {
  const html = mode === "html" ? content : marked.parse(content, { async: false, gfm: true });
  // The body is of a document of its own, which loads and runs nothing; the library's type says less.
  const body = DOMPurify.sanitize(renameHandlers(html), {
    USE_PROFILES: { html: true },
    FORBID_TAGS: ["style", "form", "input", "button", "textarea", "select"],
    FORBID_ATTR: ["id", "class", "srcset"],
    ALLOW_DATA_ATTR: false,
    RETURN_DOM: true,
  }) as HTMLElement;
  for (const image of body.querySelectorAll("img")) linkImage(image);
  return body.innerHTML;
}

function linkImage(image: HTMLImageElement): void {
  const address = image.getAttribute("src") ?? "";
  if (address.startsWith("data:")) return;
  const text = image.getAttribute("alt") || address;
  const isLink = /^https?:\/\//i.test(address) && image.closest("a") === null;
  const stand = image.ownerDocument.createElement(isLink ? "a" : "span");
  if (isLink) stand.setAttribute("href", address);
  stand.textContent = `Picture: ${text}`;
  image.replaceWith(stand);
}

/**
 * Chromium reports handlers to the content security policy even in the inert document that DOMPurify
 * reads; without them a report means something. What makes the text safe is DOMPurify alone.
 */
function renameHandlers(html: string): string {
  return html.replace(/<[a-z][^>]*/gi, (tag) =>
    tag.replace(/([\s/"'])on\w+(?=\s*=)/gi, "$1data-handler"),
  );
}
