/**
 * The policies in force and the engine compiled from them. A change makes a new engine and a new
 * revision; a text that does not parse changes nothing and is reported.
 */

import { errorMessage } from "../../base/errors.ts";
import type { PolicyDocument } from "../../policy/policy-document.ts";
import { PolicyEngine } from "../../policy/policy-engine.ts";
import { parsePolicies } from "../../policy/policy-parse.ts";
import type { LabContext } from "../lab-context.ts";
import type { LabPolicy } from "../lab-state.ts";

/** One object that was added, changed or taken away. */
export interface PolicyChange {
  readonly action: "add" | "update" | "delete";
  readonly document: PolicyDocument;
}

/** The repository of the cluster; every agent sees the same. */
export class PolicyRepository {
  readonly #context: LabContext;
  readonly #clusterName: string;
  readonly #documents = new Map<string, PolicyDocument>();
  #engine: PolicyEngine;
  // As in the agent: an empty repository is at revision 1.
  #revision = 1;

  constructor(context: LabContext, clusterName: string) {
    this.#context = context;
    this.#clusterName = clusterName;
    this.#engine = this.#compile();
  }

  get engine(): PolicyEngine {
    return this.#engine;
  }

  get revision(): number {
    return this.#revision;
  }

  list(): LabPolicy[] {
    return [...this.#documents.values()].map(({ namespace, name, kind, entryCount, text }) => ({
      namespace,
      name,
      kind,
      entryCount,
      yaml: text,
    }));
  }

  /** Number of FQDN selectors in force. */
  get fqdnSelectorCount(): number {
    const texts = new Set<string>();
    for (const { specs } of this.#documents.values()) {
      for (const { entries } of specs) {
        for (const { peers } of entries) {
          for (const peer of peers ?? []) if (peer.kind === "fqdn") texts.add(peer.text);
        }
      }
    }
    return texts.size;
  }

  /** Puts the policies of a text in force, all or none. Throws ConfigError, after it was reported on every node. */
  apply(text: string, file: string, nodeNames: readonly string[]): PolicyChange[] {
    let documents: PolicyDocument[];
    try {
      documents = parsePolicies(text, { file, clusterName: this.#clusterName });
    } catch (thrown) {
      this.#reportFailure(file, errorMessage(thrown), nodeNames);
      throw thrown;
    }
    const changes = documents.map((document): PolicyChange => {
      const key = keyOf(document);
      const action = this.#documents.has(key) ? "update" : "add";
      this.#documents.set(key, document);
      this.#revision++;
      return { action, document };
    });
    this.#engine = this.#compile();
    return changes;
  }

  /** Takes one away; undefined where there is none of that name. Where kinds share a name, the first applied goes. */
  remove(namespace: string, name: string): PolicyChange | undefined {
    const document = [...this.#documents.values()].find(
      (one) => one.name === name && (one.namespace === namespace || one.namespace === ""),
    );
    if (document === undefined) return undefined;
    this.#documents.delete(keyOf(document));
    this.#revision++;
    this.#engine = this.#compile();
    return { action: "delete", document };
  }

  #compile(): PolicyEngine {
    return new PolicyEngine([...this.#documents.values()], { clusterName: this.#clusterName });
  }

  #reportFailure(file: string, message: string, nodeNames: readonly string[]): void {
    const { bus, clock } = this.#context;
    const timeMs = clock.nowMs();
    for (const nodeName of nodeNames) {
      bus.publish({
        kind: "policy_failed",
        timeMs,
        nodeName,
        namespace: "default",
        name: file,
        message,
      });
      bus.publish({
        kind: "log",
        receiver: "agent",
        timeMs,
        nodeName,
        level: "warning",
        subsystem: "k8s-watcher",
        message: `Unable to parse CiliumNetworkPolicy: ${message}`,
      });
    }
  }
}

/** Kinds have names of their own: a NetworkPolicy and a CiliumNetworkPolicy may be called the same. */
function keyOf({ kind, namespace, name }: PolicyDocument): string {
  return `${kind}/${namespace}/${name}`;
}
