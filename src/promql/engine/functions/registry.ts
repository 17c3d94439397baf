/**
 * The implementation of every function of functions/signatures.ts: a missing one does not compile.
 * To add one: an entry there and an entry in the family's file here.
 */

import { QueryError } from "../../../base/errors.ts";
import { type FunctionName, findFunctionSignature } from "../../functions/signatures.ts";
import { counterFunctions } from "./counter.ts";
import type { FunctionImplementation, ValueFunction } from "./function-call.ts";
import { histogramFunctions } from "./histogram.ts";
import { labelFunctions } from "./label.ts";
import { mathFunctions } from "./math.ts";
import { nativeHistogramFunctions } from "./native-histogram.ts";
import { overTimeFunctions } from "./over-time.ts";
import { presenceFunctions } from "./presence.ts";
import { regressionFunctions } from "./regression.ts";
import { sortingFunctions } from "./sorting.ts";
import { timeFunctions } from "./time.ts";

/** start(), end(), step() and range() are numbers once the query is planned. */
type PlannedFunction = "start" | "end" | "step" | "range";

const implementations: Readonly<
  Record<Exclude<FunctionName, PlannedFunction>, FunctionImplementation>
> = {
  ...mathFunctions,
  ...timeFunctions,
  ...labelFunctions,
  ...presenceFunctions,
  ...sortingFunctions,
  ...histogramFunctions,
  ...nativeHistogramFunctions,
  ...counterFunctions,
  ...overTimeFunctions,
  ...regressionFunctions,
  // Both experimental; they come with issue 5 (info needs a second selector, start_timestamp storage that keeps them).
  info: notBuiltYet("info"),
  start_timestamp: notBuiltYet("start_timestamp"),
};

/** The implementation of a function the parser let through. */
export function implementationOf(functionName: string): FunctionImplementation {
  if (Object.hasOwn(implementations, functionName)) {
    return implementations[functionName as keyof typeof implementations];
  }
  return notBuiltYet(functionName);
}

/** Whether a function gives a scalar. */
export function isScalarFunction(functionName: string): boolean {
  return findFunctionSignature(functionName)?.returnType === "scalar";
}

function notBuiltYet(functionName: string): ValueFunction {
  return {
    kind: "value",
    evaluate() {
      throw new QueryError("execution", `${functionName}() is not built yet`);
    },
  };
}
