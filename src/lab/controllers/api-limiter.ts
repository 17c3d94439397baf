/**
 * Cilium's limiter of API calls: a call waits until fewer than `parallel` others of its kind run and the
 * rate allows it. With an expected duration the rate and the number of calls that may run follow from
 * how long calls really take (the adjustment factor). Calls go in the order in which they came.
 */

import type { Clock } from "../../base/clock.ts";

/** Limits of one kind of call. */
export interface ApiLimits {
  /** Calls that may run at once, before adjustment. */
  readonly parallel: number;
  /** Calls a second and at one go, before adjustment; absent = any. */
  readonly rate?: { readonly perSecond: number; readonly burst: number };
  /** How long a call should take, seconds: what the limits are adjusted by; absent = they stay. */
  readonly estimatedSeconds?: number;
}

/** What the limiter's metrics tell of one kind of call. */
export interface ApiLimiterFigures {
  readonly call: string;
  readonly adjustment: number | undefined;
  readonly limits: {
    readonly parallel: number;
    readonly perSecond: number;
    readonly burst: number;
  };
  readonly estimatedSeconds: number;
  readonly inFlight: number;
  /** Means over the latest calls, seconds. */
  readonly meanProcessingSeconds: number;
  readonly meanWaitSeconds: number;
}

/** Cilium takes the mean of so many calls, and adjusts by a factor of 100 at most. */
const meanOver = 10;
const adjustmentMax = 100;
const adjustmentMin = 1 / adjustmentMax;

/** Limits one kind of call. */
export class ApiLimiter {
  readonly #call: string;
  readonly #limits: ApiLimits;
  readonly #clock: Clock;
  readonly #processing: number[] = [];
  readonly #waits: number[] = [];
  readonly #queue: (() => void)[] = [];
  #inFlight = 0;
  #tokens: number;
  #tokensMs: number;
  #isTimed = false;

  constructor(call: string, limits: ApiLimits, clock: Clock) {
    this.#call = call;
    this.#limits = limits;
    this.#clock = clock;
    this.#tokens = limits.rate?.burst ?? 0;
    this.#tokensMs = clock.monotonicMs();
  }

  /** Calls that wait for their turn. */
  get waitingCount(): number {
    return this.#queue.length;
  }

  /** Runs the call when it may run; resolves or rejects as it does. `onWaited`: how long it waited, seconds. */
  async run<Result>(
    call: () => Result | Promise<Result>,
    onWaited: (seconds: number) => void = () => {},
  ): Promise<Result> {
    const askedMs = this.#clock.monotonicMs();
    await new Promise<void>((resolve) => {
      this.#queue.push(resolve);
      this.#admit();
    });
    const startMs = this.#clock.monotonicMs();
    note(this.#waits, (startMs - askedMs) / 1000);
    onWaited((startMs - askedMs) / 1000);
    try {
      return await call();
    } finally {
      this.#inFlight--;
      note(this.#processing, (this.#clock.monotonicMs() - startMs) / 1000);
      this.#admit();
    }
  }

  figures(): ApiLimiterFigures {
    const { rate, estimatedSeconds } = this.#limits;
    const factor = this.#adjustment();
    return {
      call: this.#call,
      adjustment: estimatedSeconds === undefined ? undefined : factor,
      limits: {
        parallel: this.#parallelMax(),
        perSecond: (rate?.perSecond ?? 0) * factor,
        burst: Math.round((rate?.burst ?? 0) * factor),
      },
      estimatedSeconds: estimatedSeconds ?? 0,
      inFlight: this.#inFlight,
      meanProcessingSeconds: mean(this.#processing),
      meanWaitSeconds: mean(this.#waits),
    };
  }

  #adjustment(): number {
    const { estimatedSeconds } = this.#limits;
    const taken = mean(this.#processing);
    if (estimatedSeconds === undefined || taken === 0) return 1;
    return Math.min(adjustmentMax, Math.max(adjustmentMin, estimatedSeconds / taken));
  }

  #parallelMax(): number {
    return Math.max(1, Math.round(this.#limits.parallel * this.#adjustment()));
  }

  #admit(): void {
    while (this.#queue.length > 0 && this.#inFlight < this.#parallelMax()) {
      const waitMs = this.#takeToken();
      if (waitMs > 0) {
        this.#admitLater(waitMs);
        return;
      }
      this.#inFlight++;
      this.#queue.shift()?.();
    }
  }

  #admitLater(waitMs: number): void {
    if (this.#isTimed) return;
    this.#isTimed = true;
    this.#clock.after(waitMs, () => {
      this.#isTimed = false;
      this.#admit();
    });
  }

  /** 0 = taken; else ms until there is one. */
  #takeToken(): number {
    const { rate } = this.#limits;
    if (rate === undefined) return 0;
    const factor = this.#adjustment();
    const perMs = (rate.perSecond * factor) / 1000;
    const nowMs = this.#clock.monotonicMs();
    const most = Math.max(1, rate.burst * factor);
    this.#tokens = Math.min(most, this.#tokens + (nowMs - this.#tokensMs) * perMs);
    this.#tokensMs = nowMs;
    if (this.#tokens < 1) return Math.ceil((1 - this.#tokens) / perMs);
    this.#tokens--;
    return 0;
  }
}

function note(latest: number[], value: number): void {
  latest.push(value);
  if (latest.length > meanOver) latest.shift();
}

function mean(values: readonly number[]): number {
  if (values.length === 0) return 0;
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
