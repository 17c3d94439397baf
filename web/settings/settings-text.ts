/** Spellings of the settings page. Pure. */

/** Flags by name, those that were set first. */
export function flagRows(
  flags: Readonly<Record<string, string>>,
): readonly { readonly name: string; readonly value: string }[] {
  return Object.entries(flags)
    .map(([name, value]) => ({ name, value }))
    .sort((a, b) => Number(a.value === "") - Number(b.value === "") || (a.name < b.name ? -1 : 1));
}

/** `3 d 4 h`, `12 min`, `7 d`. */
export function daysText(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (days > 0) return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`;
  if (hours > 0) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min` : `${Math.floor(ms / 1000)} s`;
}
