/**
 * info(): each series with the labels of the info metrics that belong to it, which is told by the
 * labels instance and job. Labels of info series may change over time, so a series may become
 * several. Of several info series that fit, the one with the newest sample counts.
 */

import { QueryError } from "../../base/errors.ts";
import { type Labels, LabelsBuilder } from "../../model/labels.ts";
import { createMatcher, type Matcher } from "../../model/matcher.ts";
import type { InfoNode } from "./plan-node.ts";
import type { QueryRun } from "./query-run.ts";
import { cellKind, StepVector, sameLabelsetError } from "./step-vector.ts";

const identifyingLabels: readonly string[] = ["instance", "job"];

/** The matchers that choose info metrics by name: those given, `target_info` where none is. */
export function infoNameMatchers(given: readonly Matcher[]): readonly Matcher[] {
  if (given.some(({ operator }) => operator === "=" || operator === "=~")) return given;
  if (given.length > 0) return [createMatcher("=~", "__name__", ".+_info"), ...given];
  return [createMatcher("=", "__name__", "target_info")];
}

/** An info series with the time of its sample at each step in place of the value. */
interface InfoRows {
  readonly vector: StepVector;
  /** Per row: metric name and identifying labels. */
  readonly signatures: readonly string[];
  readonly names: ReadonlySet<string>;
}

/** Joins `base` with info series; `info` holds the seconds of their samples. May throw QueryError execution. */
export async function joinInfo(
  node: InfoNode,
  base: StepVector,
  info: StepVector,
  run: QueryRun,
): Promise<StepVector> {
  const isInfo = base.labels.map((labels) => isInfoSeries(node, labels));
  const join = new InfoJoin(node, base, relevantRows(base, isInfo, info), isInfo);
  for (let step = 0; step < base.stepCount; step++) {
    if (run.isPauseDue()) await run.pause();
    join.joinStep(step);
    run.holdCells(join.result.rowCount * base.stepCount);
  }
  return join.result;
}

function isInfoSeries(node: InfoNode, labels: Labels): boolean {
  return node.nameMatchers.every((matcher) => matcher.matches(labels.metricName));
}

/** Info series whose identifying labels some series to be joined has. */
function relevantRows(base: StepVector, isInfo: readonly boolean[], info: StepVector): InfoRows {
  const wanted = new Map<string, Set<string>>();
  for (const [row, labels] of base.labels.entries()) {
    if (isInfo[row] === true) continue;
    for (const name of identifyingLabels) {
      const value = labels.get(name);
      if (value === "") continue;
      const values = wanted.get(name) ?? new Set();
      wanted.set(name, values.add(value));
    }
  }
  const vector = new StepVector(info.stepCount);
  const names = new Set<string>();
  for (const [row, labels] of info.labels.entries()) {
    const isWanted = [...wanted].every(([name, values]) => values.has(labels.get(name)));
    if (wanted.size === 0 || !isWanted) continue;
    vector.copyRow(info, row);
    names.add(labels.metricName);
  }
  const signatures = vector.labels.map((labels) => signatureOf(labels.metricName, labels));
  return { vector, signatures, names };
}

function signatureOf(metricName: string, labels: Labels): string {
  return JSON.stringify([metricName, ...identifyingLabels.map((name) => labels.get(name))]);
}

/** Info series do not matter, not even their faults, where there is nothing to join. */
function hasSample({ kinds, rowCount, stepCount }: StepVector, step: number): boolean {
  for (let row = 0; row < rowCount; row++) {
    if (kinds[row * stepCount + step] !== cellKind.absent) return true;
  }
  return false;
}

class InfoJoin {
  readonly result: StepVector;
  readonly #node: InfoNode;
  readonly #base: StepVector;
  readonly #info: InfoRows;
  readonly #isInfo: readonly boolean[];
  /** Some matcher of data labels wants a label to be there: series without info go. */
  readonly #mustMatch: boolean;
  readonly #rowByKey = new Map<string, number>();
  /** Base row and info rows → row of the result. */
  readonly #rowByMembers = new Map<string, number>();

  constructor(node: InfoNode, base: StepVector, info: InfoRows, isInfo: readonly boolean[]) {
    this.#node = node;
    this.#base = base;
    this.#info = info;
    this.#isInfo = isInfo;
    this.#mustMatch = node.dataMatchers.some((matcher) => !matcher.matches(""));
    this.result = new StepVector(base.stepCount, base.rowCount);
  }

  joinStep(step: number): void {
    const { kinds, values, stepCount } = this.#base;
    if (!hasSample(this.#base, step)) return;
    const newest = this.#newestRows(step);
    for (let row = 0; row < this.#base.rowCount; row++) {
      const at = row * stepCount + step;
      if (kinds[at] === cellKind.absent) continue;
      const members = this.#isInfo[row] === true ? [] : this.#membersOf(row, newest);
      if (members.length === 0 && this.#isInfo[row] !== true && this.#mustMatch) continue;
      const target = this.#rowOf(row, members) * stepCount + step;
      if (this.result.kinds[target] !== cellKind.absent) throw sameLabelsetError();
      this.result.kinds[target] = cellKind.float;
      this.result.values[target] = values[at]!;
      const histogram = this.#base.histogramAt(at);
      if (histogram !== undefined) this.result.setHistogram(target, histogram);
    }
  }

  /** Per signature the info row with the newest sample at the step. */
  #newestRows(step: number): Map<string, number> {
    const { vector, signatures } = this.#info;
    const newest = new Map<string, number>();
    for (let row = 0; row < vector.rowCount; row++) {
      if (vector.kinds[row * vector.stepCount + step] === cellKind.absent) continue;
      const signature = signatures[row] as string;
      const known = newest.get(signature);
      const time = vector.values[row * vector.stepCount + step]!;
      const knownTime =
        known === undefined ? -Infinity : vector.values[known * vector.stepCount + step]!;
      if (known !== undefined && time === knownTime) this.#failDuplicate(known, row, time);
      if (time > knownTime) newest.set(signature, row);
    }
    return newest;
  }

  #failDuplicate(known: number, row: number, seconds: number): never {
    const { labels } = this.#info.vector;
    const time = Math.round(seconds * 1000);
    throw new QueryError(
      "execution",
      `found duplicate series for info metric: existing ${labels[known]} @ ${time}, new ${labels[row]} @ ${time}`,
    );
  }

  #membersOf(row: number, newest: ReadonlyMap<string, number>): number[] {
    const labels = this.#base.labels[row] as Labels;
    const members: number[] = [];
    for (const name of this.#info.names) {
      const member = newest.get(signatureOf(name, labels));
      if (member !== undefined) members.push(member);
    }
    return members;
  }

  #rowOf(row: number, members: readonly number[]): number {
    const membersKey = `${row}:${members.join()}`;
    let target = this.#rowByMembers.get(membersKey);
    if (target !== undefined) return target;
    const labels = this.#joinLabels(this.#base.labels[row] as Labels, members);
    target = this.#rowByKey.get(labels.key);
    if (target === undefined) {
      target = this.result.rowCount;
      this.result.addRow(labels, this.#base.isNamePending[row]);
      this.#rowByKey.set(labels.key, target);
    }
    this.#rowByMembers.set(membersKey, target);
    return target;
  }

  /** The series' own labels win; two info metrics must not disagree. */
  #joinLabels(own: Labels, members: readonly number[]): Labels {
    const { dataMatchers } = this.#node;
    const added = new LabelsBuilder();
    const wanted = new Set(dataMatchers.map(({ name }) => name));
    for (const member of members) {
      (this.#info.vector.labels[member] as Labels).forEach((name, value) => {
        if (name === "__name__" || (wanted.size > 0 && !wanted.has(name))) return;
        const known = added.labels().get(name);
        if (known !== "" && known !== value) {
          throw new QueryError("execution", `conflicting label: ${name}`);
        }
        if (own.get(name) === "") added.set(name, value);
      });
    }
    const joined = new LabelsBuilder(own);
    added.labels().forEach((name, value) => {
      joined.set(name, value);
    });
    return joined.labels();
  }
}
