/** A native histogram of an answer as one line, the way Prometheus prints one. Pure, O(buckets). */

/** `[boundary rule, lower, upper, count]` a bucket; empty buckets are not in it. */
export interface WireHistogram {
  readonly count: string;
  readonly sum: string;
  readonly buckets?: readonly (readonly [number, string, string, string])[];
}

/** Which ends belong to a bucket, by its boundary rule. */
const brackets: readonly (readonly [string, string])[] = [
  ["(", "]"],
  ["[", ")"],
  ["(", ")"],
  ["[", "]"],
];

/** `{count:5, sum:4.5, [-Inf,1]:3, (1,+Inf]:2}` */
export function histogramText({ count, sum, buckets = [] }: WireHistogram): string {
  const parts = [`count:${count}`, `sum:${sum}`];
  for (const [rule, lower, upper, observations] of buckets) {
    const [open, close] = brackets[rule] ?? ["(", ")"];
    parts.push(`${open}${lower},${upper}${close}:${observations}`);
  }
  return `{${parts.join(", ")}}`;
}
