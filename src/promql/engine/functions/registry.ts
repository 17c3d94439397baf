/**
 * The implementation of every function of functions/signatures.ts: a missing one does not compile.
 * To add one: an entry there and an entry in the family's file here.
 */

import { type FunctionName, findFunctionSignature } from "../../functions/signatures.ts";
import { counterFunctions } from "./counter.ts";
import type { FunctionImplementation } from "./function-call.ts";
import { histogramFunctions } from "./histogram.ts";
import { labelFunctions } from "./label.ts";
import { mathFunctions } from "./math.ts";
import { nativeHistogramFunctions } from "./native-histogram.ts";
import { overTimeFunctions } from "./over-time.ts";
import { presenceFunctions } from "./presence.ts";
import { regressionFunctions } from "./regression.ts";
import { sortingFunctions } from "./sorting.ts";
import { timeFunctions } from "./time.ts";

/** start(), end(), step() and range() are numbers once the query is planned, info() a node of its own. */
type PlannedFunction = "start" | "end" | "step" | "range" | "info";

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
};

/** The implementation of a function the parser let through; undefined where the planner deals with it. */
export function implementationOf(functionName: string): FunctionImplementation | undefined {
  return Object.hasOwn(implementations, functionName)
    ? implementations[functionName as keyof typeof implementations]
    : undefined;
}

/** Whether a function gives a scalar. */
export function isScalarFunction(functionName: string): boolean {
  return findFunctionSignature(functionName)?.returnType === "scalar";
}
