/** The page's entry: makes the few things with state, hands them down, draws the application. */

import { notifyManager, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { assert } from "../src/base/assert.ts";
import { systemClock } from "../src/base/clock.ts";
import { ApiClient } from "./api/api-client.ts";
import { ApiContext } from "./api/server-queries.ts";
import { createAnswerPace } from "./app/answer-pace.ts";
import { App } from "./app/app.tsx";
import { ErrorBoundary } from "./app/error-boundary.tsx";
import { KeyBindings } from "./app/key-bindings.ts";
import { KeysContext } from "./app/keys-context.ts";
import { PreferenceContext, PreferenceStore } from "./app/preferences.ts";
import { ThemeContext, ThemeStore } from "./app/theme.ts";
import { HistoryRouter } from "./router/history-router.ts";
import { RouterContext } from "./router/router-context.tsx";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/panel.css";
import "./styles/pages.css";
import "./styles/explore.css";

const root = document.getElementById("root");
assert(root !== null, "index.html has no #root");

const preferences = new PreferenceStore(localStorageOrNone());
const keys = new KeyBindings(
  () => systemClock.monotonicMs(),
  () => preferences.now.hasSingleKeys,
);
window.addEventListener("keydown", keys.handle);
const queryClient = new QueryClient({
  defaultOptions: {
    queries: { retry: false, refetchOnWindowFocus: false, networkMode: "always" },
  },
});

notifyManager.setScheduler(
  createAnswerPace({
    nowMs: () => systemClock.monotonicMs(),
    later: (run, delayMs) => void setTimeout(run, delayMs),
  }),
);

/** Storage may be switched off; then the theme lasts as long as the page. */
function localStorageOrNone(): Storage | undefined {
  try {
    return window.localStorage;
  } catch {
    return undefined;
  }
}

createRoot(root).render(
  <StrictMode>
    <RouterContext value={new HistoryRouter(window)}>
      <ThemeContext value={new ThemeStore(document.documentElement, localStorageOrNone())}>
        <PreferenceContext value={preferences}>
          <KeysContext value={keys}>
            <ApiContext value={new ApiClient((input, init) => fetch(input, init))}>
              <QueryClientProvider client={queryClient}>
                <ErrorBoundary what="The page">
                  <App />
                </ErrorBoundary>
              </QueryClientProvider>
            </ApiContext>
          </KeysContext>
        </PreferenceContext>
      </ThemeContext>
    </RouterContext>
  </StrictMode>,
);
