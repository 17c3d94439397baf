/** A refused policy's fault in one line, wherever it is printed. */

import type { RefusedPolicy } from "./cluster-view.ts";

/** "bad.yaml: line 9: spec.ingress[0]: what is wrong; the mend". */
export function refusalText({ error }: Pick<RefusedPolicy, "error">): string {
  const { file, line, path, message, mend } = error;
  const place = path === "" ? `${file}: line ${line}` : `${file}: line ${line}: ${path}`;
  return `${place}: ${[message, mend].filter((part) => part !== "").join("; ")}`;
}
