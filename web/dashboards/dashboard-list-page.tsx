/** placeholder */
import { PageFrame } from "../app/page-frame.tsx";
export function DashboardListPage(_props: { uid?: string; isHome?: boolean }) {
  return (
    <PageFrame
      title="DashboardListPage"
      defaults={{ range: { from: "now-5m", to: "now" }, refresh: "" }}
    >
      x
    </PageFrame>
  );
}
