/**
 * /api/v1/notifications and notifications/live, where Prometheus tells its page of trouble, and
 * /api/v1/search/*, which is off there unless switched on. Ours has one notification: that the last
 * reload of the configuration failed.
 */

import { QueryError } from "../base/errors.ts";
import { success } from "./answers.ts";
import type { ApiSources } from "./api-sources.ts";
import { goTime } from "./target-routes.ts";

/** How often a live listener's notifications are looked at. */
const lookMs = 1000;

interface Notification {
  readonly text: string;
  readonly date: string;
  readonly active: boolean;
}

/** GET /api/v1/notifications */
export function notificationsRoute(sources: ApiSources): Response {
  return success(notificationsOf(sources));
}

/** GET /api/v1/notifications/live: server-sent events, one for each that begins or ends. */
export function liveNotificationsRoute(sources: ApiSources, signal: AbortSignal): Response {
  const encoder = new TextEncoder();
  let shown: readonly Notification[] = [];
  let cancelTimer = () => {};
  const end = () => cancelTimer();
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const look = () => {
        const current = notificationsOf(sources);
        for (const one of changes(shown, current)) {
          controller.enqueue(encoder.encode(`data: ${JSON.stringify(one)}\n\n`));
        }
        shown = current;
        cancelTimer = sources.clock.after(lookMs, look);
      };
      look();
      signal.addEventListener("abort", end, { once: true });
    },
    cancel: end,
  });
  return new Response(body, {
    headers: { "content-type": "text/event-stream", "cache-control": "no-cache" },
  });
}

/** Those that ended, marked so, and those that began. */
function changes(
  before: readonly Notification[],
  now: readonly Notification[],
): readonly Notification[] {
  const isIn = (list: readonly Notification[], { text, date }: Notification) =>
    list.some((other) => other.text === text && other.date === date);
  return [
    ...before.filter((one) => !isIn(now, one)).map((one) => ({ ...one, active: false })),
    ...now.filter((one) => !isIn(before, one)),
  ];
}

/** /api/v1/search/*: refused as by a Prometheus that was not told to have it. */
export function searchRoute(): never {
  throw new QueryError("unavailable", "search API disabled");
}

function notificationsOf(sources: ApiSources): readonly Notification[] {
  const { isSuccess, atMs, failedAtMs = atMs } = sources.lastConfigReload();
  if (isSuccess) return [];
  return [{ text: "Configuration reload has failed.", date: goTime(failedAtMs), active: true }];
}
