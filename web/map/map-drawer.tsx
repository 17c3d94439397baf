/** The drawer of the map: one edge or one place in full, with its flows, policies and metrics. */

import { type ReactNode, useEffect } from "react";
import { useKeys } from "../app/keys-context.ts";
import { pageHref } from "../app/navigation.tsx";
import { Link, useRoute } from "../router/router-context.tsx";
import { CloseButton } from "../ui/close-button.tsx";
import { Badge, type GlyphKind } from "../ui/glyph.tsx";

interface MapDrawerProps {
  readonly label: string;
  readonly title: string;
  readonly subtitle: string;
  readonly badge: { readonly kind: GlyphKind; readonly word: string };
  readonly onClose: () => void;
  readonly waysOn: WaysOnProps;
  readonly children: ReactNode;
}

interface WaysOnProps {
  /** Of the flows meant, as the CLI writes it. */
  readonly filter: string;
  /** Whose policies are meant; "" for all. */
  readonly namespace: string;
  readonly query: string;
}

/** Frame of both kinds: head, body that scrolls, actions. */
export function MapDrawer(props: MapDrawerProps) {
  const { label, title, subtitle, badge, onClose, waysOn, children } = props;
  useKeys([{ keys: "Escape", label: "Close the drawer", group: "Map", run: onClose }]);
  useEffect(() => {
    const before = document.activeElement;
    return () => {
      // Back to the map, unless focus went somewhere else meanwhile.
      if (document.activeElement === document.body && before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <aside className="drawer map-drawer" aria-label={label}>
      <div className="map-drawer-head">
        <div className="row">
          <h2 className="truncate" title={title}>
            {title}
          </h2>
          <Badge kind={badge.kind}>{badge.word}</Badge>
          <i className="spacer" />
          {/* The focus stays on the map, whose arrows walk on. */}
          <CloseButton label="Close the drawer" onClose={onClose} />
        </div>
        <div className="dim truncate" title={subtitle}>
          {subtitle}
        </div>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a pane that scrolls must be reachable by keys. */}
      <section className="drawer-body" tabIndex={0} aria-label={`${label}, details`}>
        {children}
      </section>
      <WaysOn {...waysOn} />
    </aside>
  );
}

function WaysOn({ filter, namespace, query }: WaysOnProps) {
  const { params } = useRoute();
  return (
    <div className="drawer-foot">
      <Link
        className="control is-primary"
        href={pageHref(`/flows?q=${encodeURIComponent(filter)}`, params)}
      >
        Flows <kbd className="on-ink">f</kbd>
      </Link>
      <Link className="control" href={policiesHref(namespace, params)}>
        Policies <kbd>p</kbd>
      </Link>
      <Link className="control" href={pageHref(`/explore?q=${encodeURIComponent(query)}`, params)}>
        Metrics
      </Link>
    </div>
  );
}

/** Policies that speak of a namespace. */
export function policiesHref(namespace: string, params: URLSearchParams): string {
  return pageHref(
    namespace === "" ? "/policies" : `/policies?ns=${encodeURIComponent(namespace)}`,
    params,
  );
}

/** A section of the drawer. */
export function MapSection({
  title,
  side,
  children,
}: {
  readonly title: string;
  readonly side?: ReactNode;
  readonly children: ReactNode;
}) {
  return (
    <section className="drawer-section">
      <div className="row map-section-head">
        <h3>{title}</h3>
        <i className="spacer" />
        {side}
      </div>
      {children}
    </section>
  );
}

/** A figure with its name above and its unit behind. */
export function MapFigure({
  label,
  value,
  unit,
}: {
  readonly label: string;
  readonly value: string;
  readonly unit?: string;
}) {
  return (
    <div className="map-figure">
      <span className="dim">{label}</span>
      <b className="map-figure-value">
        {value}
        {unit !== undefined && <small> {unit}</small>}
      </b>
    </div>
  );
}
