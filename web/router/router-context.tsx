/** The router for components: the present address as a hook, and links that do not reload the page. */

import { type AnchorHTMLAttributes, createContext, useContext, useSyncExternalStore } from "react";
import { assert } from "../../src/base/assert.ts";
import type { HistoryRouter, RouteLocation } from "./history-router.ts";

/** Holds the application's router. */
export const RouterContext = createContext<HistoryRouter | null>(null);

/** The router itself, for handlers that navigate. */
export function useRouter(): HistoryRouter {
  const router = useContext(RouterContext);
  assert(router !== null, "a component stands outside of RouterContext");
  return router;
}

/** The present address; the component follows it. */
export function useRoute(): RouteLocation {
  const router = useRouter();
  return useSyncExternalStore(router.subscribe, () => router.location);
}

/** An anchor that stays in the page; with a modifier key the browser does what it always does. */
export function Link({
  href,
  ...rest
}: AnchorHTMLAttributes<HTMLAnchorElement> & { readonly href: string }) {
  const router = useRouter();
  return (
    <a
      {...rest}
      href={href}
      onClick={(event) => {
        rest.onClick?.(event);
        if (event.defaultPrevented || event.button !== 0) return;
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        router.navigate(href);
      }}
    />
  );
}
