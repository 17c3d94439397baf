/** JSON of GET /api/ciliascope/v1/dropped-targets: targets that relabelling dropped, and the relabel config that did it. Types only. */

/** The answer. */
export interface DroppedTargetsAnswer {
  readonly targets: readonly DroppedTargetAnswer[];
  /** Of each pool, those not listed included. */
  readonly counts: Readonly<Record<string, number>>;
}

/** One dropped target. */
export interface DroppedTargetAnswer {
  readonly pool: string;
  readonly discoveredLabels: Readonly<Record<string, string>>;
  /** null: the configuration in force would keep it, or has no such pool. */
  readonly droppedBy: {
    /** Place in the pool's relabel_configs, from 0. */
    readonly index: number;
    readonly action: string;
    readonly sourceLabels: readonly string[];
    /** The values of the source labels, joined. */
    readonly value: string;
    readonly regex: string;
    readonly targetLabel: string;
  } | null;
}
