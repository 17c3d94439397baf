/** Numbers without a unit, as axes and tables of Explore write them: four digits that matter, thin spaces, k and M on axes. Pure. */

const suffixes: readonly (readonly [number, string])[] = [
  [1e15, "P"],
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];

/** A value in a table or tooltip: `0.0421`, `27 971.3`, `NaN`, `+Inf`. */
export function formatPlainNumber(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e15 || size < 1e-4)) return value.toExponential(3);
  const digits = size >= 1000 ? 1 : size >= 1 ? 3 : 5;
  const text = String(Number(value.toFixed(digits)));
  const [whole = "", fraction] = text.split(".");
  const grouped = whole.replace(/\B(?=(?:\d{3})+$)/g, "\u2009");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** A tick of an axis whose lines are `step` apart: as many decimals as tell two ticks apart. */
export function formatTick(value: number, step = 0): string {
  if (value === 0) return "0";
  const size = Math.max(Math.abs(value), Math.abs(step));
  const [factor, suffix] = suffixes.find(
    ([least]) => size >= least * 10 || (least >= 1e6 && size >= least),
  ) ?? [1, ""];
  const decimals = step === 0 ? 3 : decimalsOf(step / factor);
  const text = (value / factor).toFixed(decimals);
  return `${text}${suffix === "" ? "" : ` ${suffix}`}`;
}

/** 27971 as `27 971`, with a thin space. */
export function groupThousands(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(?:\d{3})+$)/g, "\u2009");
}

function decimalsOf(step: number): number {
  for (let decimals = 0; decimals < 10; decimals++) {
    const scaled = step * 10 ** decimals;
    if (Math.abs(scaled - Math.round(scaled)) < 1e-6) return decimals;
  }
  return 10;
}
