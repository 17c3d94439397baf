/**
 * The same random queries to Prometheus 3 and to us, over the same samples: counters with resets, gaps
 * and stale markers, classic and native histograms, floats beside histograms. Status, error, remarks and
 * every value must agree. Skipped, and said so, where no Prometheus 3 was built.
 */

import { type AppTest, expectEqual } from "./app-test.ts";
import { startBesidePrometheus } from "./peers.ts";
import { ask, differenceOf, loadSamples, nextRequest } from "./query-comparison.ts";
import { RandomQueries } from "./random-queries.ts";

const queryCount = 700;
const seed = 1;

export const queriesBesidePrometheusTest: AppTest = {
  name: "queries-beside-prometheus",
  async run(context) {
    const both = await startBesidePrometheus(context);
    if (both === undefined) return;
    const { theirs, ours } = both;
    for (const { url } of [theirs, ours]) await loadSamples(url);
    const queries = new RandomQueries(seed);
    let filled = 0;
    for (let index = 0; index < queryCount; index++) {
      const request = nextRequest(queries);
      const want = await ask(theirs.url, request);
      const difference = differenceOf(want, await ask(ours.url, request), "");
      expectEqual(difference, "", `query ${index} of seed ${seed}: ${decodeURIComponent(request)}`);
      if (JSON.stringify(want).includes('"value')) filled++;
    }
    // Empty answers are the same too.
    expectEqual(filled > queryCount / 4, true, `more than ${filled} answers with values`);
    console.log(`      ${queryCount} answers the same, ${filled} of them with values`);
  },
};
