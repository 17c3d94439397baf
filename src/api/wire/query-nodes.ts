/** JSON of GET /api/ciliascope/v1/query-nodes: what each part of a query cost. Types only. */

/** One part of the query, an outer one before what is inside it. */
export interface QueryNode {
  /** UTF-8 byte offsets of its text in the query, end exclusive: those of the syntax tree. */
  readonly start: number;
  readonly end: number;
  /** Series it gave, or a range selector read; 1 for a scalar. */
  readonly seriesCount: number;
  /** Samples it gave over all steps; of a range selector those in its windows. */
  readonly samples: number;
  /** Wall time with what is inside it, ms; that of a range selector is in its function. */
  readonly timeMs: number;
}

/** The answer. */
export interface QueryNodesAnswer {
  readonly nodes: readonly QueryNode[];
  /** Series of the whole result. */
  readonly seriesCount: number;
  readonly totalQueryableSamples: number;
  readonly peakSamples: number;
  /** Wall time, ms: parsing and planning, reading series, evaluating. */
  readonly prepareMs: number;
  readonly selectMs: number;
  readonly evaluateMs: number;
}
