/** Finds names by words in any order; a match at a word's start ranks before one inside, short names before long. */

/** The items whose text holds every word of `query`, best first; all in their order for an empty query. */
export function rankMatches<Item>(
  items: readonly Item[],
  query: string,
  textOf: (item: Item) => string,
): readonly Item[] {
  const words = query
    .toLowerCase()
    .split(/[\s_]+/)
    .filter((word) => word !== "");
  if (words.length === 0) return items;
  return items
    .map((item, index) => ({ item, index, score: scoreText(textOf(item).toLowerCase(), words) }))
    .filter((entry) => entry.score !== undefined)
    .sort((a, b) => (a.score ?? 0) - (b.score ?? 0) || a.index - b.index)
    .map((entry) => entry.item);
}

/** Smaller is better; undefined where a word is missing. */
function scoreText(text: string, words: readonly string[]): number | undefined {
  let score = text.length / 100;
  for (const word of words) {
    const at = text.indexOf(word);
    if (at === -1) return undefined;
    const isWordStart = at === 0 || /[\s_:/-]/.test(text[at - 1] ?? "");
    score += at === 0 ? 0 : isWordStart ? 1 : 3;
  }
  return score;
}
