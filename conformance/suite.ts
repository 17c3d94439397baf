/** What a conformance suite is: recorded cases of a real system, run one by one against ours. */

/** Takes the outcome of each case. Names are unique within a suite. */
export interface Reporter {
  pass(caseName: string): void;
  /** `difference` says what was wanted and what came, in a few lines. */
  fail(caseName: string, difference: string): void;
}

/** One suite; add a file under suites/ and a line in registry.ts. */
export interface Suite {
  /** Path below the data folder: "prom/exposition". */
  readonly name: string;
  /** How many cases the files hold, counted without running them; the runner compares. */
  countCases(dataDir: string): Promise<number>;
  /** Runs every case; `dataDir` is the whole data folder, only ever read. Throws only for our own faults. */
  run(dataDir: string, reporter: Reporter): Promise<void>;
}

/** Runs `check` and reports a throw as a failure with its message. */
export async function reportCase(
  reporter: Reporter,
  caseName: string,
  check: () => Promise<string | undefined> | string | undefined,
): Promise<void> {
  let difference: string | undefined;
  try {
    difference = await check();
  } catch (thrown) {
    difference = `threw ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`;
  }
  if (difference === undefined) reporter.pass(caseName);
  else reporter.fail(caseName, difference);
}
