/** What the laboratory makes of chance: whole numbers, UUIDs. */

import type { Random } from "../base/seeded-random.ts";

/** A whole number from `min` to `max`, both included. */
export function randomInteger(random: Random, min: number, max: number): number {
  return min + Math.floor(random() * (max - min + 1));
}

const hexBytes = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** A version 4 UUID: four numbers of the generator. */
export function randomUuid(random: Random): string {
  const a = word(random());
  const b = word(((random() * 0x1_0000_0000) & 0xffff_0fff) | 0x4000, true);
  const c = word(((random() * 0x1_0000_0000) & 0x3fff_ffff) | 0x8000_0000, true);
  const d = word(random());
  return `${a}-${b.slice(0, 4)}-${b.slice(4)}-${c.slice(0, 4)}-${c.slice(4)}${d}`;
}

function word(value: number, isWhole = false): string {
  const bits = isWhole ? value : value * 0x1_0000_0000;
  return (
    (hexBytes[(bits >>> 24) & 255] ?? "") +
    (hexBytes[(bits >>> 16) & 255] ?? "") +
    (hexBytes[(bits >>> 8) & 255] ?? "") +
    (hexBytes[bits & 255] ?? "")
  );
}
