import { expect, it } from "vitest";
import type { Flow } from "../../src/flow/model/flow.ts";
import { mergeFlows } from "./use-flow-stream.ts";

const flows = (...seconds: readonly number[]): readonly Flow[] =>
  seconds.map((second) => ({
    uuid: `uuid-${second}`,
    time: `2026-01-15T17:41:${String(second).padStart(2, "0")}Z`,
  }));
const check = (live: readonly Flow[], listed: readonly Flow[], want: readonly Flow[]) =>
  expect(mergeFlows(live, listed)).toEqual(want);

it("puts live flows before listed ones, each once", () => {
  check(flows(9, 8, 7), flows(7, 6), flows(9, 8, 7, 6));
  check([], flows(7, 6), flows(7, 6));
  check(flows(9), [], flows(9));
});

it("puts a flow that came late where its time is", () => {
  check(flows(9, 4), flows(7, 6, 3), flows(9, 7, 6, 4, 3));
  check(flows(2), flows(7, 6), flows(7, 6, 2));
});
