/** One dashboard by its uid: read, understood by the model, drawn. */

import { useMemo } from "react";
import type { DashboardAnswer } from "../../src/api/wire/server.ts";
import { errorMessage } from "../../src/base/errors.ts";
import { parseDashboard } from "../../src/dashboard/dashboard.ts";
import { useDashboardAnswer } from "../api/server-queries.ts";
import { pageHref } from "../app/navigation.tsx";
import { PageFrame } from "../app/page-frame.tsx";
import { Link, useRoute } from "../router/router-context.tsx";
import { Note, Skeleton } from "../ui/notes.tsx";
import { DashboardView } from "./dashboard-view.tsx";
import { EditBar } from "./editing/edit-bar.tsx";
import { useDraft } from "./editing/use-draft.ts";
import { sourceNames } from "./source-names.ts";

interface DashboardPageProps {
  readonly uid: string;
}

const waitingDefaults = { range: { from: "now-5m", to: "now" }, refresh: "" };

/** The page at /d/:uid. */
export function DashboardPage({ uid }: DashboardPageProps) {
  const { params } = useRoute();
  const answer = useDashboardAnswer(uid);
  const crumb = { label: "Dashboards", href: pageHref("/dashboards", params) };
  if (answer.data === undefined) {
    return (
      <PageFrame title={uid} defaults={waitingDefaults} crumb={crumb}>
        {answer.isError ? (
          <Unreadable message={answer.error.message} />
        ) : (
          <Skeleton label="Reading the dashboard" />
        )}
      </PageFrame>
    );
  }
  return <OpenDashboard key={uid} answer={answer.data} />;
}

interface OpenDashboardProps {
  readonly answer: DashboardAnswer;
}

/** A dashboard that was read: as the server has it, or as it is being edited. */
function OpenDashboard({ answer }: OpenDashboardProps) {
  const { params } = useRoute();
  const crumb = { label: "Dashboards", href: pageHref("/dashboards", params) };
  const editing = useDraft(answer);
  const { summary } = answer;
  const parsed = useMemo(
    () => readAnswer({ dashboard: editing.json, summary }),
    [editing.json, summary],
  );
  const { title, dashboard } = parsed;
  if (dashboard === undefined) {
    return (
      <PageFrame title={title} defaults={waitingDefaults} crumb={crumb}>
        <Unreadable message={parsed.error ?? ""} />
      </PageFrame>
    );
  }
  return (
    <PageFrame
      title={title}
      defaults={parsed.defaults}
      badge={<span className="chip wide-only">{sourceNames[summary.source]}</span>}
      crumb={crumb}
    >
      <DashboardView
        dashboard={dashboard}
        problems={parsed.problems}
        editing={editing}
        editBar={<EditBar answer={answer} editing={editing} />}
      />
    </PageFrame>
  );
}

function readAnswer(answer: DashboardAnswer) {
  try {
    const { dashboard, problems } = parseDashboard(answer.dashboard);
    return {
      title: dashboard.title,
      dashboard: { ...dashboard, uid: answer.summary.uid },
      problems,
      defaults: { range: dashboard.time, refresh: dashboard.refresh },
    };
  } catch (thrown) {
    return {
      title: answer.summary.title,
      dashboard: undefined,
      problems: [],
      defaults: waitingDefaults,
      error: errorMessage(thrown),
    };
  }
}

function Unreadable({ message }: { readonly message: string }) {
  const { params } = useRoute();
  return (
    <Note
      kind="crit"
      title="The dashboard cannot be shown."
      actions={
        <Link className="control is-primary" href={pageHref("/dashboards", params)}>
          All dashboards
        </Link>
      }
    >
      {message}
    </Note>
  );
}
