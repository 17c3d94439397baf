import { describe, expect, it } from "vitest";
import type { AlertAnswer } from "../../../src/api/wire/rules.ts";
import { chooseAlerts } from "./alert-choice.ts";

const alert = (alertname: string, state: AlertAnswer["state"], pod: string): AlertAnswer => ({
  labels: { alertname, pod },
  annotations: {},
  state,
  value: "1e+00",
  activeAt: `2026-01-01T00:00:0${pod.length}Z`,
});
const all = [
  alert("Slow", "pending", "bb"),
  alert("Down", "firing", "a"),
  alert("Down", "firing", "ccc"),
];
const names = (options: Record<string, unknown>) =>
  chooseAlerts(all, options, (text) => text).map(
    ({ labels }) => `${labels["alertname"]} ${labels["pod"]}`,
  );

describe("an alert list", () => {
  it("filters by state, name and labels", () => {
    expect(names({ stateFilter: { pending: false } })).toEqual(["Down a", "Down ccc"]);
    expect(names({ alertName: "slo" })).toEqual(["Slow bb"]);
    expect(names({ alertInstanceLabelFilter: '{pod=~"a|bb", alertname!="Slow"}' })).toEqual([
      "Down a",
    ]);
    expect(names({ alertInstanceLabelFilter: '{pod=~"("}' })).toEqual([]);
  });

  it("sorts by name, importance and time", () => {
    expect(names({ sortOrder: 2 })[0]).toBe("Slow bb");
    expect(names({ sortOrder: 3 })[0]).toBe("Down a");
    expect(names({ sortOrder: 5 })[0]).toBe("Down ccc");
  });
});
