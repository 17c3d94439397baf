/** Alerts of this server's rules, pending and firing, as the panel's options choose and order them. */

import { useQuery } from "@tanstack/react-query";
import type { AlertAnswer } from "../../../src/api/wire/rules.ts";
import { asNumber, asString } from "../../../src/dashboard/json-reader.ts";
import { useApi } from "../../api/server-queries.ts";
import { timestampLabel } from "../../time/time-axis.ts";
import { timedKey } from "../../time/time-context.tsx";
import { Badge, Glyph } from "../../ui/glyph.tsx";
import type { PanelProps } from "../panel-props.ts";
import { chooseAlerts } from "./alert-choice.ts";

const itemsDefault = 20;

export function AlertListPanel({ panel, zone, interpolate }: PanelProps) {
  const api = useApi();
  const { data, error } = useQuery({
    queryKey: [timedKey, "alerts"],
    queryFn: async ({ signal }) =>
      (await api.prometheus<{ readonly alerts: readonly AlertAnswer[] }>("alerts", {}, { signal }))
        .data.alerts,
    staleTime: 1000,
  });
  const { options } = panel;
  if (data === undefined) {
    return error === null ? null : <div className="panel-note">{error.message}</div>;
  }
  const chosen = chooseAlerts(data, options, interpolate);
  const most = asNumber(options["maxItems"]) ?? asNumber(options["limit"]) ?? itemsDefault;
  if (asString(options["viewMode"]) === "stat") {
    return (
      <div className="stat">
        <div className="stat-cell">
          <div className="stat-value">{chosen.length}</div>
        </div>
      </div>
    );
  }
  if (chosen.length === 0) {
    return (
      <div className="panel-note">
        <span className="row">
          <Glyph kind="ok" />
          <b>No alert is firing or pending here.</b>
        </span>
        <span>
          {data.length === 0
            ? "No alerting rule of this server is active."
            : `${data.length} others are active; the panel's filter leaves them out.`}
        </span>
      </div>
    );
  }
  return (
    <div className="panel-table">
      <table>
        <caption className="visually-hidden">{panel.title}</caption>
        <thead>
          <tr>
            <th>State</th>
            <th>Alert</th>
            <th>Since</th>
          </tr>
        </thead>
        <tbody>
          {chosen.slice(0, most).map((alert) => (
            <tr key={JSON.stringify(alert.labels)}>
              <td>
                <Badge kind={alert.state === "firing" ? "crit" : "pending"}>{alert.state}</Badge>
              </td>
              <td title={labelText(alert)}>
                {alert.labels["alertname"]} <span className="dim">{labelText(alert)}</span>
              </td>
              <td className="num">
                {alert.activeAt === undefined
                  ? "–"
                  : timestampLabel(Date.parse(alert.activeAt), zone)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {chosen.length > most && (
        <div className="panel-foot">
          The first {most} of {chosen.length} alerts.
        </div>
      )}
    </div>
  );
}

function labelText({ labels }: AlertAnswer): string {
  return Object.entries(labels)
    .filter(([name]) => name !== "alertname")
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
}
