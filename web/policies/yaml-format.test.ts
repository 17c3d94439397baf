import { expect, it } from "vitest";
import { formatYaml } from "./yaml-format.ts";

it("formats indents and lists, keeps comments, quotes and documents", () => {
  const text = `# head
kind:   A
spec:
     ports:
        - port: "80"   # http
        # second
        - port: "443"
---
kind: B
`;
  const formatted = `# head
kind: A
spec:
  ports:
  - port: "80" # http
  # second
  - port: "443"
---
kind: B
`;
  expect(formatYaml(text)).toBe(formatted);
  expect(formatYaml(formatted)).toBe(formatted);
});

it("leaves a text alone that cannot be read", () => {
  expect(formatYaml("a: [1\nb: 2")).toBeUndefined();
});
