/** A link out of a dashboard: followed only where nothing can run, else its text alone. */

import type { ReactNode } from "react";
import { isOwnPage, safeUrl } from "../../src/dashboard/safe-url.ts";
import { Link } from "../router/router-context.tsx";
import { Icon } from "../ui/icon.tsx";

/** What a link says and where it leads. */
export interface ShownLink {
  readonly title: string;
  readonly url: string;
  readonly tooltip: string;
  readonly opensNewTab: boolean;
}

/** A link, or its text alone where following it is not safe. What it shows is its title where nothing else is given. */
export function SafeLink({
  title,
  url,
  tooltip,
  opensNewTab,
  className = "",
  children = title,
}: ShownLink & { readonly className?: string; readonly children?: ReactNode }) {
  const href = safeUrl(url);
  if (href === undefined) {
    return (
      <span className={`${className} dim`} title={`Not followed: ${url}`}>
        {children} <span className="dim">(unsafe address)</span>
      </span>
    );
  }
  if (isOwnPage(href) && !opensNewTab) {
    return (
      <Link className={className} href={href}>
        {children}
      </Link>
    );
  }
  return (
    <a
      className={className}
      href={href}
      target="_blank"
      rel="noreferrer noopener"
      title={tooltip === "" ? href : tooltip}
    >
      <Icon name="link" />
      {children}
    </a>
  );
}
