/** placeholder */
import { PageFrame } from "../app/page-frame.tsx";
export function DashboardPage(_props: { uid?: string; isHome?: boolean }) {
  return (
    <PageFrame
      title="DashboardPage"
      defaults={{ range: { from: "now-5m", to: "now" }, refresh: "" }}
    >
      x
    </PageFrame>
  );
}
