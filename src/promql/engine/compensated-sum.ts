/**
 * A sum with Neumaier's compensation exactly as Prometheus carries it: an infinite sum drops its
 * compensation. For slow paths and oracles; hot loops keep sum and error in two variables.
 */

/** See the head comment. */
export class CompensatedSum {
  sum: number;
  /** What rounding took away so far. */
  lost = 0;

  constructor(sum: number) {
    this.sum = sum;
  }

  add(value: number): void {
    const { sum } = this;
    const next = sum + value;
    if (next === Infinity || next === -Infinity) this.lost = 0;
    else if (Math.abs(sum) >= Math.abs(value)) this.lost += sum - next + value;
    else this.lost += value - next + sum;
    this.sum = next;
  }

  /** Adds unless that would make the sum infinite; says whether it did. */
  addUnlessInfinite(value: number): boolean {
    const next = this.sum + value;
    if (next === Infinity || next === -Infinity) return false;
    this.add(value);
    return true;
  }

  /** Multiplies sum and compensation. */
  scale(factor: number): void {
    this.sum *= factor;
    this.lost *= factor;
  }

  /** Divides sum and compensation. */
  divide(divisor: number): void {
    this.sum /= divisor;
    this.lost /= divisor;
  }

  total(): number {
    return this.sum + this.lost;
  }
}
