/**
 * Metrics studio: what a Hubble metric would cost, counted on kept flows before it is switched on. Three
 * panes: handlers, the one at hand, and the whole list as Helm values. Everything is in the address.
 */

import type { StudioAnswer, StudioRequest } from "../../src/api/wire/studio.ts";
import { useKeys } from "../app/keys-context.ts";
import { usePageDefaults } from "../app/page-defaults.ts";
import { PageFrame } from "../app/page-frame.tsx";
import { useRoute, useRouter } from "../router/router-context.tsx";
import { Note, Skeleton } from "../ui/notes.tsx";
import { HandlerList } from "./handler-list.tsx";
import { HandlerPane } from "./handler-pane.tsx";
import { ResultPane } from "./result-pane.tsx";
import { useCheck, usePreview, useStudio } from "./studio-queries.ts";
import { chooseHandler, handlerOf, readStudioState, toggleHandler } from "./studio-state.ts";
import "./studio.css";

/** The page at /studio. */
export function StudioPage() {
  return (
    <PageFrame title="Metrics studio" isFlush defaults={usePageDefaults()}>
      <Studio />
    </PageFrame>
  );
}

function Studio() {
  const studio = useStudio();
  if (studio.data !== undefined) return <StudioPanes studio={studio.data} />;
  if (!studio.isError) return <Skeleton label="Reading the handlers" />;
  return (
    <Note kind="crit" title="The studio cannot be read.">
      {studio.error.message}
    </Note>
  );
}

function StudioPanes({ studio }: { readonly studio: StudioAnswer }) {
  const router = useRouter();
  const { params } = useRoute();
  const names = studio.handlers.map(({ name }) => name);
  const state = readStudioState(params, studio.now.metrics ?? [], names);
  const check = useCheck(state.wanted, state.wanted.length > 0);
  const since = `now-${state.over}`;
  const now = state.enabled.filter((text) => handlerOf(text) === state.handler);
  const hasFlows = studio.flows.count > 0;
  const main: StudioRequest = {
    metrics: [state.textOf(state.handler)],
    against: now,
    since,
    ...(state.price === "" ? {} : { price: state.price }),
  };
  const preview = usePreview(main, hasFlows);
  // Figures first: the other ways take about forty times as long.
  const { metrics = [] } = main;
  const ways = usePreview(
    { metrics, against: null, since, handler: state.handler, which: "all" },
    hasFlows && preview.isSuccess && !preview.isPlaceholderData,
  );
  const all = usePreview({ metrics: comparable(state, studio), against: null, since }, hasFlows);
  const move = (step: number) => {
    const next = names[names.indexOf(state.handler) + step];
    if (next !== undefined) router.setParams(chooseHandler(state, next));
  };
  const toggle = (name: string) => router.setParams(toggleHandler(state, name));
  useKeys([
    { keys: "j", label: "Next handler", group: "Studio", run: () => move(1) },
    { keys: "k", label: "Handler before", group: "Studio", run: () => move(-1) },
    { keys: "x", label: "Handler on or off", group: "Studio", run: () => toggle(state.handler) },
    {
      keys: "/",
      label: "To the options",
      group: "Studio",
      run: () => document.querySelector<HTMLElement>("#studio-options")?.focus(),
    },
  ]);
  return (
    <div className="studio">
      <HandlerList
        studio={studio}
        state={state}
        counts={all.data}
        chosenSeries={preview.isPlaceholderData ? undefined : preview.data?.series}
        onToggle={toggle}
      />
      <HandlerPane
        studio={studio}
        state={state}
        preview={preview}
        ways={ways}
        findings={check.data?.findings}
      />
      <ResultPane studio={studio} state={state} check={check.data} />
    </div>
  );
}

/** One list that counts every handler at once: those that are wanted, the others without options. */
function comparable(
  state: ReturnType<typeof readStudioState>,
  studio: StudioAnswer,
): readonly string[] {
  const on = state.enabled.filter((text) => state.isOn(handlerOf(text)));
  const names = new Set(on.map(handlerOf));
  const others = studio.handlers.filter(
    ({ name, conflictsWith }) =>
      !names.has(name) && !conflictsWith.some((other) => names.has(other) || other === "httpV2"),
  );
  return [...on, ...others.map(({ name }) => name)];
}
