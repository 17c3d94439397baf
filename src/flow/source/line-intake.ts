/**
 * Lines of Hubble's exporter (or of `hubble observe -o jsonpb`) as flows and figures. A broken or
 * over-long line costs itself: it is counted and told once.
 */

import { errorMessage } from "../../base/errors.ts";
import type { ExportEvent, Flow } from "../model/flow.ts";
import { readEventLine } from "../model/jsonpb.ts";
import type { ResumePoint } from "./resume-point.ts";
import type { SourceBook } from "./source-book.ts";

/** A flow with its labels is about 1 kB; whatever is longer than this is none. */
const lineCharsMax = 1024 * 1024;

/** Takes lines; gives the flows that came since the last time. */
export class LineIntake {
  readonly #book: SourceBook;
  readonly #point: ResumePoint | undefined;
  readonly #resumedAtMs: number;
  #flows: Flow[] = [];

  /** `point`: flows of an earlier run are left out. */
  constructor(book: SourceBook, point?: ResumePoint) {
    this.#book = book;
    this.#point = point;
    this.#resumedAtMs = point?.lastMs ?? Number.NEGATIVE_INFINITY;
    point?.resume();
  }

  /** How many flows wait. */
  get count(): number {
    return this.#flows.length;
  }

  push(line: string): void {
    if (line.trim() === "") return;
    const book = this.#book;
    if (line.length > lineCharsMax) {
      book.bad(`a line of ${line.length} characters; ${lineCharsMax} at most`);
      return;
    }
    try {
      const { event, unknownCount, firstUnknown } = readEventLine(line);
      book.unknown(unknownCount, firstUnknown);
      this.#take(event);
    } catch (thrown) {
      book.bad(errorMessage(thrown));
    }
  }

  /** The flows that wait, which are the caller's from now on. */
  takeFlows(): readonly Flow[] {
    const flows = this.#flows;
    this.#flows = [];
    return flows;
  }

  #isKnown(flow: Flow): boolean {
    const point = this.#point;
    if (point === undefined || (!point.isOld(flow, this.#resumedAtMs) && point.take(flow))) {
      return false;
    }
    this.#book.duplicateFlows++;
    return true;
  }

  #take(event: ExportEvent): void {
    const book = this.#book;
    const { flow, lost_events: lost, node_name: nodeName = "" } = event;
    if (flow !== undefined) {
      if (this.#isKnown(flow)) return;
      book.seenFlows++;
      book.completeness.countSeen(flow.node_name ?? nodeName);
      const time = flow.time ?? "";
      if (time > book.lastFlowTime) book.lastFlowTime = time;
      this.#flows.push(flow);
    }
    if (lost !== undefined) {
      const cause = String(lost.source ?? "UNKNOWN_LOST_EVENT_SOURCE");
      book.completeness.countLost(nodeName, cause, Number(lost.num_events_lost ?? 0));
    }
  }
}
