/** In which order chained variables are read: one whose query names another comes after it. */

import { referencedVariables } from "./interpolate.ts";
import type { Variable } from "./model.ts";

/** Names of the other variables that this one's query, regexp or data source uses. */
export function variableDependencies(variable: Variable, variables: readonly Variable[]): string[] {
  const text = [variable.query, variable.regex, variable.datasource?.uid ?? ""].join(" ");
  const used = referencedVariables(text);
  return variables
    .map(({ name }) => name)
    .filter((name) => name !== variable.name && used.includes(name));
}

/** The variables, each after those it depends on, otherwise as written. Of a circle the first as written goes first. */
export function variableOrder(variables: readonly Variable[]): Variable[] {
  const order: Variable[] = [];
  const visited = new Set<string>();
  const visit = (variable: Variable) => {
    if (visited.has(variable.name)) return;
    visited.add(variable.name);
    for (const name of variableDependencies(variable, variables)) {
      const dependency = variables.find((other) => other.name === name);
      if (dependency !== undefined) visit(dependency);
    }
    order.push(variable);
  };
  for (const variable of variables) visit(variable);
  return order;
}

/** Variables to read anew when `name` changes: those that depend on it, directly or through others, in order. */
export function dependentVariables(name: string, variables: readonly Variable[]): Variable[] {
  const changed = new Set([name]);
  const dependents: Variable[] = [];
  for (const variable of variableOrder(variables)) {
    const dependsOnChanged = variableDependencies(variable, variables).some((one) =>
      changed.has(one),
    );
    if (variable.name === name || !dependsOnChanged) continue;
    changed.add(variable.name);
    dependents.push(variable);
  }
  return dependents;
}
