/**
 * What a supplier asks, as a person writes it: "0.15/1M-samples", "8 USD/1k-series". No price is built
 * in, since none is true for everybody. A month is 30 days. Browser-safe.
 */

import { AppError } from "../../base/errors.ts";

/** An example for help texts and the empty field, invented; never used as a default. */
export const priceExample = "8 USD/1k-series";
/** ms in the month that prices are for. */
export const monthMs = 30 * 86_400_000;

/** A price. */
export interface Price {
  readonly amount: number;
  /** As written, "" where none was. */
  readonly currency: string;
  /** What is paid for: samples taken in, or series active within the month. */
  readonly unit: "samples" | "series";
  /** For so many of them. */
  readonly per: number;
}

const factors: Readonly<Record<string, number>> = { "": 1, k: 1e3, M: 1e6, G: 1e9, B: 1e9 };

/** Throws AppError "usage". */
export function parsePrice(text: string): Price {
  const match =
    /^\s*(\d+(?:\.\d+)?)\s*([A-Za-z€$£]{0,4})\s*\/\s*(\d*)\s*([kMGB]?)[\s-]*(samples|series)\s*$/.exec(
      text,
    );
  const [, amount = "", currency = "", count = "", factor = "", unit = ""] = match ?? [];
  const per = Number(count === "" ? 1 : count) * (factors[factor] ?? 0);
  if (match === null || per <= 0) {
    throw new AppError(
      "usage",
      `cannot read the price ${JSON.stringify(text)}: write AMOUNT [CURRENCY]/COUNT-samples or AMOUNT [CURRENCY]/COUNT-series a month, for example ${priceExample}`,
    );
  }
  return { amount: Number(amount), currency, unit: unit as Price["unit"], per };
}

/** Money a month for so many series, each sampled at the interval. */
export function monthlyCost(price: Price, series: number, intervalMs: number): number {
  const count = price.unit === "series" ? series : (series * monthMs) / intervalMs;
  return (count / price.per) * price.amount;
}
