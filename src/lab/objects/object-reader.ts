/** Kubernetes objects in YAML, as far as the laboratory takes them: kind, name and where they stand. */

import { policyKinds } from "../../policy/document/policy-document.ts";
import { openYaml, type YamlCursor } from "../../policy/document/yaml-cursor.ts";
import { didYouMean } from "../../schema/did-you-mean.ts";

/** Kinds that run pods. */
export const workloadKinds = ["Pod", "Deployment", "StatefulSet", "DaemonSet", "Job"];
/** The rest of what the laboratory takes. */
export const otherKinds = ["Namespace", "Service"];

/** An object of a text. */
export interface ReadObject {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly cursor: YamlCursor;
}

/** Every object of a text, Lists opened. Throws ConfigError with file, line and mend. */
export function readObjects(text: string, file: string): ReadObject[] {
  return openYaml(text, file)
    .flatMap((cursor) =>
      cursor.isMapping() && cursor.field("kind")?.text().endsWith("List") === true
        ? (cursor.field("items")?.items() ?? [])
        : [cursor],
    )
    .filter((cursor) => cursor.isMapping())
    .map((cursor): ReadObject => {
      const kind = cursor.field("kind")?.text() ?? cursor.fail("kind is missing");
      const known: readonly string[] = [...policyKinds, ...workloadKinds, ...otherKinds];
      if (!known.includes(kind)) {
        cursor.fail(
          `the laboratory has no ${kind}`,
          `it takes ${known.join(", ")}${didYouMean(kind, known)}`,
        );
      }
      const metadata = cursor.field("metadata");
      const name =
        metadata?.field("name")?.text() ?? (metadata ?? cursor).fail("metadata.name is missing");
      return {
        kind,
        namespace: kind === "Namespace" ? "" : (metadata?.field("namespace")?.text() ?? "default"),
        name,
        cursor,
      };
    });
}
