import { describe, expect, it } from "vitest";
import { checkPolicies } from "../document/policy-parse.ts";
import { mendOfFault, mendOfFinding } from "./mend-edit.ts";

/** The text with the mend of its first fault put in place. */
function mended(text: string): string | undefined {
  const [fault] = checkPolicies(text, { file: "p.yaml" });
  const edit = fault === undefined ? undefined : mendOfFault(text, fault);
  if (edit === undefined) return undefined;
  const lines = text.split("\n");
  const line = lines[edit.line - 1] ?? "";
  lines[edit.line - 1] = line.slice(0, edit.from) + edit.text + line.slice(edit.to);
  return lines.join("\n");
}

const policy = (spec: string, version = "cilium.io/v2") =>
  `apiVersion: ${version}\nkind: CiliumNetworkPolicy\nmetadata: {name: p}\nspec:\n  endpointSelector: {}\n${spec}`;

describe("mendOfFault", () => {
  it("writes the field and the value that were meant", () => {
    expect(mended(policy("  ingress:\n  - fromEndpoint: [{}]\n"))).toBe(
      policy("  ingress:\n  - fromEndpoints: [{}]\n"),
    );
  });

  it("writes the version that is wanted", () => {
    expect(mended(policy("  ingress: []\n", "cilium.io/v3"))).toBe(policy("  ingress: []\n"));
  });

  it("leaves alone what only a person can mend", () => {
    expect(mended("apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n")).toBeUndefined();
  });
});

describe("mendOfFinding", () => {
  it("replaces a mistyped label on the lines below, as a whole word only", () => {
    const text = "spec:\n  matchLabels:\n    app: web-2\n    app: web";
    const message = 'selects nothing: none has app=web; did you mean "wob"?';
    expect(mendOfFinding(text, 1, message)).toEqual({
      line: 4,
      from: 9,
      to: 12,
      text: "wob",
      title: "Write wob",
    });
    expect(mendOfFinding(text, 1, "nothing to say")).toBeUndefined();
  });
});
