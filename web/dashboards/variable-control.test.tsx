// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import type { Variable } from "../../src/dashboard/model.ts";
import { allVariableValue as allValue } from "../../src/dashboard/variable.ts";
import { toggleValue, VariableControl } from "./variable-control.tsx";

afterEach(cleanup);

const variable: Variable = {
  name: "pod",
  label: "Pod",
  type: "query",
  query: "",
  regex: "",
  isMulti: true,
  includesAll: true,
  sort: 0,
  refresh: "load",
  isHidden: false,
  current: [],
  options: [],
};
const options = ["a", "b", "c"].map((value) => ({ text: `pod ${value}`, value }));

describe("VariableControl", () => {
  it("shows the chosen value and offers the others", () => {
    const changes: (readonly string[])[] = [];
    render(
      <VariableControl
        variable={{ ...variable, isMulti: false }}
        options={options}
        values={["b"]}
        isLoading={false}
        problem={undefined}
        onChange={(values) => changes.push(values)}
      />,
    );
    fireEvent.click(screen.getByRole("button", { name: "Pod: pod b" }));
    expect(screen.getByRole("button", { name: "pod b" }).getAttribute("aria-pressed")).toBe("true");
    fireEvent.click(screen.getByRole("button", { name: "pod c" }));
    expect(changes).toEqual([["c"]]);
    expect(screen.queryByRole("dialog")).toBeNull();
  });

  it("says All with the number of values it stands for", () => {
    render(
      <VariableControl
        variable={variable}
        options={options}
        values={[allValue]}
        isLoading={false}
        problem={undefined}
        onChange={() => {}}
      />,
    );
    expect(screen.getByRole("button", { name: "Pod: All" }).textContent).toBe("All (3)");
  });

  it("lets All and single values exclude each other", () => {
    expect(toggleValue([allValue], "a", true)).toEqual(["a"]);
    expect(toggleValue(["a"], "b", true)).toEqual(["a", "b"]);
    expect(toggleValue(["a", "b"], allValue, true)).toEqual([allValue]);
    expect(toggleValue(["a"], "a", true)).toEqual([allValue]);
    expect(toggleValue(["a"], "a", false)).toEqual(["a"]);
  });
});
