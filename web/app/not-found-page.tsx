/** An address that is no page. */

import { Link } from "../router/router-context.tsx";
import { Note } from "../ui/notes.tsx";
import { PageFrame } from "./page-frame.tsx";

/** Says which address, and where to go. */
export function NotFoundPage({ path }: { readonly path: string }) {
  return (
    <PageFrame
      title="No such page"
      defaults={{ range: { from: "now-1h", to: "now" }, refresh: "" }}
    >
      <Note
        kind="warn"
        title={`There is no page ${path}.`}
        actions={
          <>
            <Link className="control is-primary" href="/">
              Open the overview
            </Link>
            <Link className="control" href="/dashboards">
              All dashboards
            </Link>
          </>
        }
      >
        The address may be of a newer version, or mistyped.
      </Note>
    </PageFrame>
  );
}
