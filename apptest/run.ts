/**
 * `npm run apptest [-- NAME…]`: runs the app tests one after another (they share ports and two
 * cores), prints a line each and last `N passed, N failed`.
 */

import { AppTestContext } from "./app-test.ts";
import { singlePageTests } from "./pages.ts";
import { appTests } from "./registry.ts";

const wanted = process.argv.slice(2);
const known = [...appTests, ...singlePageTests];
const selected =
  wanted.length === 0 ? appTests : known.filter((test) => wanted.includes(test.name));
let failedCount = 0;
for (const test of selected) {
  const context = new AppTestContext();
  const startedMs = performance.now();
  try {
    await test.run(context);
    console.log(`ok    ${test.name} (${((performance.now() - startedMs) / 1000).toFixed(1)} s)`);
  } catch (thrown) {
    failedCount++;
    console.log(
      `FAIL  ${test.name}: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`,
    );
  } finally {
    await context.close();
  }
}
if (selected.length === 0)
  console.log(`there is no such test; there are: ${known.map((test) => test.name).join(", ")}`);
console.log(`${selected.length - failedCount} passed, ${failedCount} failed`);
process.exitCode = failedCount === 0 && selected.length > 0 ? 0 : 1;
