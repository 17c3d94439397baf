/**
 * The policies in force and the engine compiled from them. A change makes a new engine and a new
 * revision; a text that does not parse changes nothing, is reported and stands among the refused.
 */

import { AppError, errorMessage } from "../../base/errors.ts";
import {
  type PolicyDocument,
  policyKey,
  type ServiceFacts,
} from "../../policy/document/policy-document.ts";
import { parsePolicies } from "../../policy/document/policy-parse.ts";
import { PolicyEngine, type PolicyEngineOptions } from "../../policy/engine/policy-engine.ts";
import type { LabContext } from "../lab-context.ts";
import type { LabPolicy } from "../lab-state.ts";
import { RefusedPolicies, type RefusedText } from "./refused-policies.ts";

/** One object that was added, changed or taken away. */
export interface PolicyChange {
  readonly action: "add" | "update" | "delete";
  readonly document: PolicyDocument;
}

/** What policies may look at beside labels. */
export interface PolicySurroundings {
  services(): readonly ServiceFacts[];
  readonly lookUpNamedPort: NonNullable<PolicyEngineOptions["lookUpNamedPort"]>;
}

/** The repository of the cluster; every agent sees the same. */
export class PolicyRepository {
  readonly #context: LabContext;
  readonly #clusterName: string;
  readonly #surroundings: PolicySurroundings;
  readonly #documents = new Map<string, PolicyDocument>();
  /** Policies that did not come in force. */
  readonly refused: RefusedPolicies;
  #engine: PolicyEngine;
  // As in the agent: an empty repository is at revision 1.
  #revision = 1;

  constructor(context: LabContext, clusterName: string, surroundings: PolicySurroundings) {
    this.#context = context;
    this.#surroundings = surroundings;
    this.#clusterName = clusterName;
    this.refused = new RefusedPolicies(clusterName);
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
      if (this.#context.faults.find("policy-import-error") !== undefined) {
        throw new AppError(
          "refused",
          `cannot import ${file}: the fault policy-import-error is in force`,
        );
      }
      documents = parsePolicies(text, {
        file,
        clusterName: this.#clusterName,
        skipsOtherKinds: true,
      });
    } catch (thrown) {
      this.reportFailure({ text, file, thrown }, nodeNames);
      throw thrown;
    }
    const changes = documents.map((document): PolicyChange => {
      const key = policyKey(document);
      const action = this.#documents.has(key) ? "update" : "add";
      this.#documents.set(key, document);
      this.refused.forget(document);
      this.#revision++;
      return { action, document };
    });
    this.#engine = this.#compile();
    return changes;
  }

  /** Takes one away; undefined where there is none of that name. Where kinds share a name, the first applied goes. */
  remove(namespace: string, name: string, kind?: string): PolicyChange | undefined {
    const document = [...this.#documents.values()].find(
      (one) =>
        one.name === name &&
        (one.namespace === namespace || one.namespace === "") &&
        (kind === undefined || one.kind === kind),
    );
    if (document === undefined) return undefined;
    this.#documents.delete(policyKey(document));
    this.#revision++;
    this.#engine = this.#compile();
    return { action: "delete", document };
  }

  /** Makes a new engine where policies look at services or named ports; whether it did. */
  refresh(): boolean {
    const looksAround = [...this.#documents.values()].some(({ text }) =>
      /toServices|serviceRef|port:\s*["']?[a-z]/i.test(text),
    );
    if (looksAround) this.#engine = this.#compile();
    return looksAround;
  }

  #compile(): PolicyEngine {
    return new PolicyEngine([...this.#documents.values()], {
      clusterName: this.#clusterName,
      services: this.#surroundings.services(),
      lookUpNamedPort: this.#surroundings.lookUpNamedPort,
    });
  }

  /** A text that was refused before it came here, or here: kept, counted and logged by every agent. */
  reportFailure(refused: RefusedText, nodeNames: readonly string[]): void {
    const { bus, clock } = this.#context;
    const { file } = refused;
    const message = errorMessage(refused.thrown);
    this.refused.note(refused, (policy) => this.#documents.get(policyKey(policy))?.text);
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
