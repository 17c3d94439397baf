import { describe, expect, it } from "vitest";
import { EventSelector } from "./event-selector.ts";

const all = { passes: () => true, since: undefined, until: undefined, first: undefined };

function select(request: Partial<ConstructorParameters<typeof EventSelector>[0]>, lines: string[]) {
  const uuids: (string | undefined)[] = [];
  const warnings: string[] = [];
  const selector = new EventSelector(
    { ...all, last: undefined, ...request },
    (message, { error }) => warnings.push(`${message}: ${error}`),
    (event) => uuids.push(event.flow?.uuid),
  );
  for (const line of lines) selector.push(line);
  selector.flush();
  return { uuids: uuids.join(""), warnings };
}

const lines = ["a", "b", "c", "d", "e"].map(
  (uuid, second) => `{"flow":{"uuid":"${uuid}"},"time":"2026-01-15T10:00:0${second}Z"}`,
);

describe("EventSelector", () => {
  it("gives the first, the last, or all", () => {
    expect(select({}, lines).uuids).toBe("abcde");
    expect(select({ first: 2 }, lines).uuids).toBe("ab");
    expect(select({ last: 3 }, lines).uuids).toBe("cde");
    expect(select({ last: 9 }, lines).uuids).toBe("abcde");
    expect(select({ last: 0 }, lines).uuids).toBe("");
  });

  it("keeps to the span, both ends included", () => {
    const second = 1_768_471_200n * 1_000_000_000n;
    const span = { since: second + 1_000_000_000n, until: second + 2_000_000_000n };
    expect(select(span, lines).uuids).toBe("bc");
    expect(select(span, ['{"flow":{"uuid":"x"}}']).uuids).toBe("");
  });

  it("passes over a broken line and says why; tells of unknown fields once", () => {
    const { uuids, warnings } = select({}, ["{x}", '{"flow":{"uuid":"q","z":1},"y":2}', '{"w":1}']);
    expect(uuids).toBe("q");
    expect(warnings).toEqual([
      "Failed to unmarshal json to flow: proto: syntax error (line 1:2): invalid value x",
      'unknown field detected, upgrade the Hubble CLI to get rid of this warning: proto: (line 1:21): unknown field "z"',
    ]);
  });

  it("refuses to hold more than a million", () => {
    expect(() => select({ last: 1_000_001 }, [])).toThrow("--last must be <= 1_000_000");
  });
});
