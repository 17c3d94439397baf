/** The frame of every page: top bar, time rail, banners, then the page, which alone scrolls. */

import { type ReactNode, Suspense, useEffect } from "react";
import { type TimeDefaults, TimeProvider } from "../time/time-context.tsx";
import { Skeleton } from "../ui/notes.tsx";
import { ServerBanner } from "./server-banner.tsx";
import { TimeRail } from "./time-rail.tsx";
import { TopBar } from "./top-bar.tsx";

interface PageFrameProps {
  readonly title: string;
  readonly crumb?: { readonly label: string; readonly href: string };
  /** Beside the title. */
  readonly badge?: ReactNode;
  readonly defaults: TimeDefaults;
  /** Panes scroll by themselves instead of the page. */
  readonly isFlush?: boolean;
  readonly children: ReactNode;
}

/** Gives its children the page's time. */
export function PageFrame({ title, crumb, badge, defaults, isFlush, children }: PageFrameProps) {
  useEffect(() => {
    document.title = `${title} · Ciliascope`;
  }, [title]);
  return (
    <TimeProvider defaults={defaults}>
      <div className="frame">
        <TopBar title={title} badge={badge} {...(crumb === undefined ? {} : { crumb })} />
        <div>
          <TimeRail />
          <ServerBanner />
        </div>
        <main className={`page ${isFlush === true ? "is-flush" : ""}`}>
          <Suspense fallback={<Skeleton />}>{children}</Suspense>
        </main>
      </div>
    </TimeProvider>
  );
}
