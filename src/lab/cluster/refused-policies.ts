/**
 * Policies that somebody applied and the cluster refused: name, kind, text and fault of each, kept until
 * the policy is applied rightly or deleted. They are in force nowhere; without this list they would be
 * a line in a log.
 */

import { isMap, parseAllDocuments } from "yaml";
import { errorMessage } from "../../base/errors.ts";
import type { RefusedPolicy } from "../../cilium/cluster-view.ts";
import { isPolicyKind, policyKey } from "../../policy/document/policy-document.ts";
import { faultMessage, PolicyError } from "../../policy/document/policy-fault.ts";
import { parsePolicies } from "../../policy/document/policy-parse.ts";

/** What names a policy in a cluster. */
type PolicyName = Pick<RefusedPolicy, "kind" | "namespace" | "name">;

/** Beyond so many the oldest is forgotten: a loop that applies new names must not fill the memory. */
const refusedMax = 1000;

/** A text that was refused whole. */
export interface RefusedText {
  readonly text: string;
  readonly file: string;
  /** What the refusal threw. */
  readonly thrown: unknown;
}

/** The refused policies of one cluster. */
export class RefusedPolicies {
  readonly #clusterName: string;
  readonly #policies = new Map<string, RefusedPolicy>();

  constructor(clusterName: string) {
    this.#clusterName = clusterName;
  }

  /** In the order in which they were refused. */
  list(): readonly RefusedPolicy[] {
    return [...this.#policies.values()];
  }

  /** Notes every policy of the text, those with no fault of their own too; `inForce` gives the text that is in force. */
  note(refused: RefusedText, inForce: (policy: PolicyName) => string | undefined): void {
    const { text, file } = refused;
    for (const yaml of documentsOf(text)) {
      const named = nameOf(yaml, file);
      if (named === undefined) continue;
      const own = this.#faultOf(yaml, file);
      if (own === undefined && inForce(named)?.trim() === yaml.trim()) continue;
      this.#policies.delete(policyKey(named));
      this.#policies.set(policyKey(named), {
        clusterName: this.#clusterName,
        ...named,
        yaml,
        error: own ?? foreignError(refused),
      });
    }
    for (const key of this.#policies.keys()) {
      if (this.#policies.size <= refusedMax) break;
      this.#policies.delete(key);
    }
  }

  /** The policy was applied rightly. */
  forget(policy: PolicyName): void {
    this.#policies.delete(policyKey(policy));
  }

  /** The policy was deleted: of one kind or of any; cluster-wide ones in any namespace. False: none was there. */
  remove(namespace: string, name: string, kind: string | undefined): boolean {
    let wasThere = false;
    for (const [key, one] of this.#policies) {
      if (one.name !== name) continue;
      if (one.namespace !== namespace && one.namespace !== "") continue;
      if (kind !== undefined && one.kind !== kind) continue;
      wasThere = this.#policies.delete(key) || wasThere;
    }
    return wasThere;
  }

  #faultOf(yaml: string, file: string): RefusedPolicy["error"] | undefined {
    try {
      parsePolicies(yaml, { file, clusterName: this.#clusterName });
      return undefined;
    } catch (thrown) {
      if (!(thrown instanceof PolicyError)) throw thrown;
      const { line, path, mend } = thrown.fault;
      return { file, line, path, message: faultMessage({ ...thrown.fault, mend: "" }), mend };
    }
  }
}

/** The reason of a policy that is right itself: its neighbour's, or the cluster's. */
function foreignError({ file, thrown }: RefusedText): RefusedPolicy["error"] {
  const isNeighbour = thrown instanceof PolicyError;
  const message = isNeighbour
    ? `not applied, since line ${thrown.fault.line} of ${file} has a fault`
    : errorMessage(thrown);
  const mend = isNeighbour ? "a file is applied whole or not at all: mend that line" : "";
  return { file, line: 1, path: "", message, mend };
}

/** The documents of a stream, also where one of them cannot be read. */
function documentsOf(text: string): string[] {
  const found: string[][] = [[]];
  for (const line of text.split("\n")) {
    if (/^---(\s|$)/.test(line)) found.push([]);
    else found.at(-1)?.push(line);
  }
  return found.map((lines) => lines.join("\n")).filter((one) => one.trim() !== "");
}

/** The policy's name as far as the text can be read; undefined: it is no policy. A text without a name has its file's. */
function nameOf(text: string, file: string): PolicyName | undefined {
  const parsed = parseAllDocuments(text, { logLevel: "silent" });
  const document = Array.isArray(parsed) ? parsed[0] : undefined;
  if (document === undefined || !isMap(document.contents)) return undefined;
  const read = (...path: string[]): string | undefined => {
    const value = document.getIn(path);
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const kind = read("kind");
  if (kind === undefined || !isPolicyKind(kind)) return undefined;
  const isClusterwide = kind === "CiliumClusterwideNetworkPolicy";
  return {
    kind,
    namespace: isClusterwide ? "" : (read("metadata", "namespace") ?? "default"),
    name: read("metadata", "name") ?? (file.split("/").at(-1) || file),
  };
}
