/** Short spellings of sizes, decimal as disks are sold. */

const units = ["B", "kB", "MB", "GB", "TB"];

/** A size with its unit apart, for figures: ["12.4", "MB"]; no decimals from 100 on. */
export function bytesParts(bytes: number): readonly [figure: string, unit: string] {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return [unit === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1), units[unit] ?? ""];
}

/** `12.4 MB`. */
export function bytesText(bytes: number): string {
  return bytesParts(bytes).join(" ");
}
