/**
 * Why a flow got its verdict, and what policies say about an endpoint or an identity, relative to
 * /api/ciliascope/v1: by the policies that are in force now, compiled once per revision.
 */

import { Hono } from "hono";
import { AppError, errorMessage } from "../base/errors.ts";
import type { ClusterPolicies, ClusterView } from "../cilium/cluster-view.ts";
import type { Flow } from "../flow/model/flow.ts";
import type {
  PolicyDirection,
  PolicyDocument,
  RuleOrigin,
} from "../policy/document/policy-document.ts";
import { parsePolicies } from "../policy/document/policy-parse.ts";
import { PolicyEngine } from "../policy/engine/policy-engine.ts";
import { type ExplanationStep, explainFlow, peerText } from "../policy/traffic/flow-explanation.ts";
import { guarded } from "./own-answers.ts";
import type {
  WireEndpointPolicy,
  WireExplainedStep,
  WireFlowExplanation,
  WireIdentityReferences,
  WirePolicyPlace,
  WirePolicyText,
} from "./wire/flow-explanation.ts";

/** A flow as JSON is a few kilobytes. */
const bodyBytesMax = 256 * 1024;
/** Beyond, references are counted for the first ones only. */
const identitiesMax = 2000;

/** The routes over one view. */
export function flowExplainRoutes(view: ClusterView): Hono {
  const routes = new Hono();
  const book = new EngineBook(view);
  routes.post("/flows/explain", (context) =>
    guarded(async () => {
      const flow = readFlow(await context.req.text());
      return explain(await book.engineFor(clusterOf(flow)), flow);
    }),
  );
  routes.get("/endpoints/:id/policy", (context) =>
    guarded(async (): Promise<WireEndpointPolicy> => {
      const { node } = context.req.query();
      const found = (await view.endpoints()).find(
        ({ id, nodeName }) =>
          String(id) === context.req.param("id") && (node === undefined || nodeName === node),
      );
      if (found === undefined) throw new AppError("query", "there is no such endpoint");
      const { engine, revision } = await book.engineFor(found.clusterName);
      const { labels } = found;
      return {
        revision,
        ingress: rulesOf(engine, labels, "ingress"),
        egress: rulesOf(engine, labels, "egress"),
      };
    }),
  );
  routes.get("/identities/references", () =>
    guarded(async (): Promise<readonly WireIdentityReferences[]> => {
      const all = await view.identities();
      const found: WireIdentityReferences[] = [];
      for (const { id, clusterName, labels } of all.slice(0, identitiesMax)) {
        const { engine } = await book.engineFor(clusterName);
        found.push({ id, clusterName, ...referencesOf(engine, labels) });
      }
      return found;
    }),
  );
  return routes;
}

interface CompiledPolicies {
  readonly engine: PolicyEngine;
  readonly revision: number;
  /** Policies that could not be read, a sentence each. */
  readonly faults: readonly string[];
}

/** Engines by cluster; a new revision makes a new one. */
class EngineBook {
  readonly #view: ClusterView;
  readonly #compiled = new Map<
    string,
    { readonly key: string; readonly found: CompiledPolicies }
  >();

  constructor(view: ClusterView) {
    this.#view = view;
  }

  /** Of the named cluster, or of the only one. */
  async engineFor(clusterName: string): Promise<CompiledPolicies> {
    const clusters = await this.#view.policies();
    const cluster = clusters.find((one) => one.clusterName === clusterName) ?? clusters[0];
    if (cluster === undefined) throw new AppError("unreachable", "no cluster answers");
    const key = `${cluster.revision} ${cluster.policies.map(({ yaml }) => yaml.length).join(" ")}`;
    const known = this.#compiled.get(cluster.clusterName);
    if (known?.key === key) return known.found;
    const found = compile(cluster);
    this.#compiled.set(cluster.clusterName, { key, found });
    return found;
  }
}

function compile({ clusterName, revision, policies }: ClusterPolicies): CompiledPolicies {
  const documents: PolicyDocument[] = [];
  const faults: string[] = [];
  for (const { name, namespace, yaml } of policies) {
    try {
      const options = { file: `${name}.yaml`, clusterName };
      documents.push(
        ...parsePolicies(yaml, namespace === "" ? options : { ...options, namespace }),
      );
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown;
      faults.push(`${namespace}/${name}: ${errorMessage(thrown)}`);
    }
  }
  return { engine: new PolicyEngine(documents, { clusterName }), revision, faults };
}

function readFlow(text: string): Flow {
  if (text.length > bodyBytesMax) throw new AppError("limit", "this is longer than a flow can be");
  try {
    const flow: unknown = JSON.parse(text);
    if (typeof flow === "object" && flow !== null && !Array.isArray(flow)) return flow as Flow;
  } catch {
    // Told below.
  }
  throw new AppError("parse", "the body must be a flow as JSON, as /flows gives it");
}

function clusterOf({ source, destination, traffic_direction }: Flow): string {
  const subject = traffic_direction === "INGRESS" ? destination : source;
  return subject?.cluster_name ?? "";
}

const silences = {
  "no flow": "This is no flow.",
  reply:
    "This is an answer: it passes with the connection that asked; policies decide on that one.",
  "no direction": "The flow has no direction, so it is not known whose policy would decide.",
  "no port": "The flow has no transport protocol that policies look at.",
  "dropped otherwise": "It was dropped for another reason than policy.",
} as const;

function explain({ engine, revision, faults }: CompiledPolicies, flow: Flow): WireFlowExplanation {
  const { sides, agrees, silentBecause } = explainFlow(engine, flow);
  const texts = new Map<string, WirePolicyText>();
  for (const { steps } of sides) for (const step of steps) addText(engine, texts, step);
  return {
    silence: silentBecause === undefined ? null : silences[silentBecause],
    sides: sides.map((side) => ({ ...side, steps: side.steps.map(toWire) })),
    agrees: agrees ?? null,
    revision,
    policies: [...texts.values()],
    faults,
  };
}

function addText(
  engine: PolicyEngine,
  texts: Map<string, WirePolicyText>,
  { at, line, state, note }: ExplanationStep,
): void {
  if (at === undefined || line === undefined) return;
  const key = `${at.kind} ${at.namespace}/${at.name}`;
  let text = texts.get(key);
  if (text === undefined) {
    const document = engine.policies.find(
      ({ kind, namespace, name }) => `${kind} ${namespace}/${name}` === key,
    );
    text = { ...placeOf(at), text: document?.text ?? "", marks: [] };
    texts.set(key, text);
  }
  (text.marks as { line: number; state: string; note: string }[]).push({ line, state, note });
}

function toWire({ at, line, ...step }: ExplanationStep): WireExplainedStep {
  return { ...step, place: at === undefined ? null : placeOf(at), line: line ?? null };
}

function placeOf({ kind, namespace, name, section, index, line }: RuleOrigin): WirePolicyPlace {
  return { kind, namespace, name, section, index, line };
}

function rulesOf(engine: PolicyEngine, labels: readonly string[], direction: PolicyDirection) {
  const selected = engine.entriesFor({ labels }, direction);
  return {
    isDefaultDeny: selected.some(({ spec }) => spec.defaultDeny[direction]),
    rules: selected.map(({ entry }) => ({
      ...placeOf(entry.origin),
      isDeny: entry.isDeny,
      peers: entry.peers?.map(peerText) ?? null,
    })),
  };
}

function referencesOf(engine: PolicyEngine, labels: readonly string[]) {
  const endpoint = { labels };
  const selectedBy = new Set<string>();
  for (const direction of ["ingress", "egress"] as const) {
    for (const { entry } of engine.entriesFor(endpoint, direction)) {
      selectedBy.add(nameOf(entry.origin));
    }
  }
  return { selectedBy: [...selectedBy].sort() };
}

function nameOf({ namespace, name }: RuleOrigin): string {
  return namespace === "" ? name : `${namespace}/${name}`;
}
