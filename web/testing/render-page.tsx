/** Renders a page in jsdom against answers given by path: all the contexts of main.tsx, no network, a fixed size. */

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { configure, render } from "@testing-library/react";
import { Suspense } from "react";
import type { ServerStatus } from "../../src/api/wire/server.ts";
import { ApiClient } from "../api/api-client.ts";
import { ApiContext } from "../api/server-queries.ts";
import { App } from "../app/app.tsx";
import { KeyBindings } from "../app/key-bindings.ts";
import { KeysContext } from "../app/keys-context.ts";
import { PreferenceContext, PreferenceStore } from "../app/preferences.ts";
import { ThemeContext, ThemeStore } from "../app/theme.ts";
import { HistoryRouter } from "../router/history-router.ts";
import { RouterContext } from "../router/router-context.tsx";

/** Answers by the start of the path, the longest first; a function gets the whole URL. */
export type Answers = Readonly<Record<string, unknown | ((url: URL) => unknown)>>;

/** What a test looks at beside the screen. */
export interface RenderedPage {
  readonly router: HistoryRouter;
  /** Every URL asked for, in order. */
  readonly asked: readonly string[];
}

const asyncWaitMs = 10_000;

/** What a server says of itself where a test asks for nothing else. */
export const quietStatus: ServerStatus = {
  version: "0",
  mode: "demo",
  isSelfScrapeOnly: false,
  isClusterWatched: true,
  startedMs: 0,
  uptimeSeconds: 1,
  seriesCount: 1,
  canImportByUrl: false,
  warnings: [],
};

const quietAnswers: Answers = {
  "/api/ciliascope/v1/status": quietStatus,
  "/api/v1/": {
    status: "success",
    data: { resultType: "matrix", result: [], activeTargets: [], droppedTargets: [] },
  },
};

/** Renders the application at `href`. Prometheus' envelope is the answer's own business. */
export function renderPage(href: string, answers: Answers): RenderedPage {
  window.history.replaceState(null, "", href);
  // The first page of a run waits for its parts to be compiled.
  configure({ asyncUtilTimeout: asyncWaitMs });
  Object.defineProperty(HTMLElement.prototype, "clientWidth", { configurable: true, value: 800 });
  const asked: string[] = [];
  const all = { ...quietAnswers, ...answers };
  const fetchAnswer = (input: RequestInfo | URL) => {
    const url = new URL(String(input), "http://localhost");
    asked.push(url.pathname + url.search);
    const path = Object.keys(all)
      .filter((start) => url.pathname.startsWith(start))
      .sort((a, b) => b.length - a.length)[0];
    const answer = path === undefined ? undefined : all[path];
    if (answer === undefined)
      return Promise.resolve(Response.json({ error: "not here" }, { status: 404 }));
    const body: unknown = typeof answer === "function" ? answer(url) : answer;
    return Promise.resolve(body instanceof Response ? body : Response.json(body));
  };
  const router = new HistoryRouter(window);
  const preferences = new PreferenceStore(undefined);
  const keys = new KeyBindings(
    () => 0,
    () => preferences.now.hasSingleKeys,
  );
  // Those of pages that are gone have no bindings any more.
  window.addEventListener("keydown", keys.handle);
  const client = new QueryClient({
    defaultOptions: { queries: { retry: false, networkMode: "always" } },
  });
  render(
    <RouterContext value={router}>
      <ThemeContext value={new ThemeStore(document.documentElement, undefined)}>
        <KeysContext value={keys}>
          <PreferenceContext value={preferences}>
            <ApiContext value={new ApiClient(fetchAnswer as typeof fetch)}>
              <QueryClientProvider client={client}>
                <Suspense fallback={null}>
                  <App />
                </Suspense>
              </QueryClientProvider>
            </ApiContext>
          </PreferenceContext>
        </KeysContext>
      </ThemeContext>
    </RouterContext>,
  );
  return { router, asked };
}
