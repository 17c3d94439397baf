/**
 * New series over time, while flows go by whose span is not known beforehand: buckets double in width as
 * they get too many. Also where the growth would lead, marked as what it is: a guess by the second half.
 */

const bucketsMax = 48;
const firstWidthMs = 1000;
/** Less than this says nothing about days. */
const extrapolationMinMs = 10 * 60_000;
const hourMs = 3_600_000;

/** One bucket. */
export interface GrowthBucket {
  readonly startMs: number;
  readonly newSeries: number;
}

/** Where the growth would lead if it went on as in the second half of the window. */
export interface GrowthGuess {
  readonly newPerHour: number;
  readonly inOneDay: number;
  readonly inThirtyDays: number;
  readonly basis: string;
}

/** Takes the number of series again and again. */
export class SeriesGrowth {
  #startMs = Number.NaN;
  #widthMs = firstWidthMs;
  #counts: number[] = [];
  #total = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** Where the bucket at hand ends; until then note() need not be called. */
  get bucketEndMs(): number {
    return Number.isNaN(this.#startMs)
      ? Number.NEGATIVE_INFINITY
      : this.#startMs + this.#counts.length * this.#widthMs;
  }

  get firstMs(): number {
    return this.#startMs;
  }

  get lastMs(): number {
    return this.#lastMs;
  }

  /** There are `total` series at `timeMs`; what is new belongs to the last bucket. */
  note(timeMs: number, total: number): void {
    if (Number.isNaN(this.#startMs)) {
      this.#startMs = timeMs;
      this.#counts = [0];
    }
    const last = this.#counts.length - 1;
    this.#counts[last] = (this.#counts[last] as number) + total - this.#total;
    this.#total = total;
    if (timeMs > this.#lastMs) this.#lastMs = timeMs;
    while (timeMs >= this.bucketEndMs) {
      this.#counts.push(0);
      if (this.#counts.length > bucketsMax) this.#double();
    }
  }

  /** All buckets, the first new series included. */
  buckets(): { readonly widthMs: number; readonly buckets: readonly GrowthBucket[] } {
    const buckets = this.#counts.map((newSeries, index) => ({
      startMs: this.#startMs + index * this.#widthMs,
      newSeries,
    }));
    return { widthMs: this.#widthMs, buckets };
  }

  /** Undefined where the window is too short to say anything. */
  guess(): GrowthGuess | undefined {
    const spanMs = this.#lastMs - this.#startMs;
    if (!(spanMs >= extrapolationMinMs)) return undefined;
    const half = this.#startMs + spanMs / 2;
    const { buckets } = this.buckets();
    let later = 0;
    for (const { startMs, newSeries } of buckets) if (startMs >= half) later += newSeries;
    const newPerHour = later / (spanMs / 2 / hourMs);
    return {
      newPerHour,
      inOneDay: Math.round(this.#total + newPerHour * 24),
      inThirtyDays: Math.round(this.#total + newPerHour * 24 * 30),
      basis: `extrapolated: as if series went on coming as in the last ${Math.round(spanMs / 120_000)} min; series that end are not taken off`,
    };
  }

  #double(): void {
    const merged: number[] = [];
    for (let i = 0; i < this.#counts.length; i += 2) {
      merged.push((this.#counts[i] as number) + (this.#counts[i + 1] ?? 0));
    }
    this.#counts = merged;
    this.#widthMs *= 2;
  }
}
