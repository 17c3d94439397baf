/** Turns of the event loop: long work over flows yields, so that scrapes and queries beside it are not late. */

/** Runs work that yields where others may have a turn, with a turn for them each time. */
export async function inSlices<Result>(work: Generator<void, Result>): Promise<Result> {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
    await nextTurn();
  }
}

/** Lets the event loop run. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
