/**
 * Recorded flows under the policies with a draft among them, beside the policies without: what would be
 * lost, what would be gained, why, and which rules of the draft are made use of. A flow is judged on the
 * side where it was seen; the other side too where nobody saw it there. Flows that the policies in
 * force do not explain either are counted apart.
 */

import type { PolicyEngine } from "../engine/policy-engine.ts";
import { isDeniedSide, type SideVerdict, verdictsOf } from "./connection-verdict.ts";
import type { Connection } from "./flow-tally.ts";
import { LineHitCounter, type PolicyKey } from "./line-hits.ts";
import { type PolicyTexts, reasonOfSide } from "./verdict-reason.ts";

/** Requests named in one group. */
const requestsMax = 5;

/** Flows of two workloads that change for one reason. */
export interface DraftChange {
  readonly source: string;
  readonly destination: string;
  /** "TCP/80". */
  readonly service: string;
  readonly direction: "ingress" | "egress";
  /** "CiliumNetworkPolicy default/rule1"; "" where no policy says it. */
  readonly policy: string;
  /** Line in the file that says so. */
  readonly line: number | undefined;
  readonly file: string;
  readonly reason: string;
  readonly requests: readonly string[];
  readonly flowCount: number;
  readonly lastTime: string;
}

/** One rule (or request rule) of the draft, beside the same one before. */
export interface DraftRuleUse {
  readonly title: string;
  readonly line: number;
  readonly flowCount: number;
  /** undefined: no rule of this title before. */
  readonly before: number | undefined;
}

/** What a replay of a draft found. */
export interface DraftReplayReport {
  readonly sameCount: number;
  readonly lostCount: number;
  readonly gainedCount: number;
  /** Verdicts that the policies in force would not have given. */
  readonly unexplainedCount: number;
  /** By flows, most first. */
  readonly lost: readonly DraftChange[];
  readonly gained: readonly DraftChange[];
  /** Workloads that lose, and that gain, at their own end. */
  readonly losers: number;
  readonly winners: number;
  readonly rules: readonly DraftRuleUse[];
}

/** What is compared. */
export interface DraftReplayOptions {
  readonly before: PolicyEngine;
  readonly after: PolicyEngine;
  /** The draft's policies. */
  readonly draft: readonly PolicyKey[];
  readonly texts: PolicyTexts;
  readonly clusterName: string;
}

type MutableChange = { -readonly [Key in keyof DraftChange]: DraftChange[Key] } & {
  requests: string[];
};

/** Takes connections one by one, so that the caller may rest between them. */
export class DraftReplay {
  readonly #options: DraftReplayOptions;
  readonly #seen: ReadonlySet<string>;
  readonly #lost = new Map<string, MutableChange>();
  readonly #gained = new Map<string, MutableChange>();
  readonly #hitsBefore: LineHitCounter;
  readonly #hitsAfter: LineHitCounter;
  #same = 0;
  #unexplained = 0;

  /** `connections` are those that will be added: they say which ends were watched. */
  constructor(options: DraftReplayOptions, connections: Iterable<Connection>) {
    this.#options = options;
    this.#seen = new Set([...connections].map((one) => sideKey(one, one.direction)));
    this.#hitsBefore = new LineHitCounter(options.before, options.clusterName);
    this.#hitsAfter = new LineHitCounter(options.after, options.clusterName);
  }

  add(connection: Connection): void {
    const { before, after } = this.#options;
    const sidesAfter = this.#sides(after, connection);
    const sidesBefore = this.#sides(before, connection);
    const { forwardedCount, deniedCount } = connection;
    this.#countHits(connection, sidesBefore, sidesAfter);
    const denying = sidesAfter.find(isDeniedSide);
    const wasDenied = sidesBefore.some(isDeniedSide);
    if (denying === undefined) {
      this.#same += forwardedCount;
      if (deniedCount === 0) return;
      if (!wasDenied) this.#unexplained += deniedCount;
      else this.#change(this.#gained, connection, toldOf(sidesAfter), deniedCount);
    } else {
      this.#same += deniedCount;
      if (forwardedCount === 0) return;
      if (wasDenied) this.#unexplained += forwardedCount;
      else this.#change(this.#lost, connection, denying, forwardedCount);
    }
  }

  report(): DraftReplayReport {
    const lost = sorted(this.#lost);
    const gained = sorted(this.#gained);
    return {
      sameCount: this.#same,
      lostCount: sumOf(lost),
      gainedCount: sumOf(gained),
      unexplainedCount: this.#unexplained,
      lost,
      gained,
      losers: new Set(lost.map(workloadOf)).size,
      winners: new Set(gained.map(workloadOf)).size,
      rules: this.#options.draft.flatMap((policy) => this.#rulesOf(policy)),
    };
  }

  #sides(engine: PolicyEngine, connection: Connection): SideVerdict[] {
    return verdictsOf(engine, connection).filter(
      ({ direction }) =>
        direction === connection.direction || !this.#seen.has(sideKey(connection, direction)),
    );
  }

  #countHits(
    connection: Connection,
    before: readonly SideVerdict[],
    after: readonly SideVerdict[],
  ): void {
    const count = connection.forwardedCount + connection.deniedCount;
    const own = ({ direction }: SideVerdict) => direction === connection.direction;
    const [sideBefore, sideAfter] = [before.find(own), after.find(own)];
    if (sideBefore !== undefined) this.#hitsBefore.add(connection, sideBefore, count);
    if (sideAfter !== undefined) this.#hitsAfter.add(connection, sideAfter, count);
  }

  #change(
    into: Map<string, MutableChange>,
    connection: Connection,
    side: SideVerdict | undefined,
    flowCount: number,
  ): void {
    const { after, texts } = this.#options;
    const { source, destination, protocol, port, request, lastTime } = connection;
    const why =
      side === undefined
        ? { origin: undefined, line: undefined, text: "no policy closes it any more" }
        : reasonOfSide({ engine: after, connection, side, texts });
    const direction = side?.direction ?? connection.direction;
    const service = `${protocol}/${port}`;
    const key = [source.name, destination.name, service, direction, why.line, why.text].join("\t");
    let change = into.get(key);
    if (change === undefined) {
      const { origin } = why;
      change = {
        source: source.name,
        destination: destination.name,
        service,
        direction,
        policy:
          origin === undefined
            ? ""
            : `${origin.kind} ${origin.namespace === "" ? "" : `${origin.namespace}/`}${origin.name}`,
        line: why.line,
        file: origin?.file ?? "",
        reason: why.text,
        requests: [],
        flowCount: 0,
        lastTime: "",
      };
      into.set(key, change);
    }
    change.flowCount += flowCount;
    if (lastTime > change.lastTime) change.lastTime = lastTime;
    const what =
      request?.parser === "http" ? `${request.http.method} ${request.http.path}` : request?.name;
    if (what === undefined || change.requests.length >= requestsMax) return;
    if (!change.requests.includes(what)) change.requests.push(what);
  }

  #rulesOf(policy: PolicyKey): DraftRuleUse[] {
    const before = ruleCounts(this.#hitsBefore, policy);
    return [...ruleCounts(this.#hitsAfter, policy)].map(([title, { line, flowCount }]) => ({
      title,
      line,
      flowCount,
      before: before.get(title)?.flowCount,
    }));
  }
}

/** Rules by title: requests where there are rules of them, else ports, else the rule. */
function ruleCounts(
  hits: LineHitCounter,
  policy: PolicyKey,
): Map<string, { line: number; flowCount: number }> {
  const all = hits.hitsOf(policy).filter(({ origin }) => origin !== undefined);
  const found = new Map<string, { line: number; flowCount: number }>();
  for (const { part, title, line, origin, allowed, denied } of all) {
    const own = all.filter((one) => one.origin === origin);
    const finest = (["request", "port", "rule"] as const).find((kind) =>
      own.some((one) => one.part === kind),
    );
    if (part !== finest) continue;
    const name = `${origin?.section}[${origin?.index}]`;
    const flowCount = part === "request" ? allowed : allowed + denied;
    const key = title === name ? name : `${name} ${title}`;
    found.set(key, { line, flowCount: flowCount + (found.get(key)?.flowCount ?? 0) });
  }
  return found;
}

/** The side that allows by a rule says more than one that nobody closes. */
function toldOf(sides: readonly SideVerdict[]): SideVerdict | undefined {
  return sides.find(({ verdict }) => verdict.decision === "allowed") ?? sides[0];
}

function sideKey(connection: Connection, direction: string): string {
  const { source, destination, protocol, port, request } = connection;
  const what = request?.parser === "http" ? request.http.path : (request?.name ?? "");
  return `${direction} ${source.name} ${destination.name} ${protocol}/${port} ${what}`;
}

/** The workload whose traffic changes: the one that began. */
function workloadOf({ source }: DraftChange): string {
  return source;
}

function sorted(changes: ReadonlyMap<string, MutableChange>): MutableChange[] {
  return [...changes.values()].sort((a, b) => b.flowCount - a.flowCount);
}

function sumOf(changes: readonly DraftChange[]): number {
  return changes.reduce((sum, { flowCount }) => sum + flowCount, 0);
}
