/** Lines of CSV (RFC 4180). Text that a spreadsheet would take for a formula is quoted by an apostrophe; numbers are not. */

const formulaStart = /^[=+\-@\t\r]/;
const number = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|Inf)$/i;

/** One line without its end. */
export function csvLine(cells: readonly string[]): string {
  return cells.map(csvCell).join(",");
}

function csvCell(text: string): string {
  const safe = formulaStart.test(text) && !number.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
