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

/** Without scripts, handlers, forms, frames and styles that leave the panel. */
export function safeHtml(content: string, mode: string): string {
  const html = mode === "html" ? content : marked.parse(content, { async: false, gfm: true });
  return DOMPurify.sanitize(renameHandlers(html), {
    USE_PROFILES: { html: true },
    FORBID_TAGS: ["style", "form", "input", "button", "textarea", "select"],
    FORBID_ATTR: ["id", "class"],
    ALLOW_DATA_ATTR: false,
  });
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
