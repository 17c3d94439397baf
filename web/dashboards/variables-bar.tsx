/** The line of variables above a dashboard; choices go into the address as var-NAME. */

import { useRouter } from "../router/router-context.tsx";
import { Popover } from "../ui/popover.tsx";
import type { ChosenVariable } from "./use-variables.ts";
import { VariableControl } from "./variable-control.tsx";

interface VariablesBarProps {
  readonly variables: readonly ChosenVariable[];
  readonly isLoading: boolean;
  /** What of the dashboard is not drawn as its file means it. */
  readonly problems: readonly string[];
}

/** Nothing where there is nothing to choose and nothing to say. */
export function VariablesBar({ variables, isLoading, problems }: VariablesBarProps) {
  const router = useRouter();
  // One data source is no choice; ad hoc filters and unknown kinds have nothing to pick from.
  const shown = variables.filter(
    ({ variable, options }) =>
      !variable.isHidden &&
      variable.type !== "adhoc" &&
      variable.type !== "other" &&
      !(variable.type === "datasource" && options.length <= 1),
  );
  if (shown.length === 0 && problems.length === 0) return null;
  return (
    <div className="variables">
      {shown.map(({ variable, options, values, problem }) => (
        <VariableControl
          key={variable.name}
          variable={variable}
          options={options}
          values={values}
          isLoading={isLoading}
          problem={problem}
          onChange={(next) => router.setParams({ [`var-${variable.name}`]: next })}
        />
      ))}
      <i className="spacer" />
      {problems.length > 0 && (
        <Popover
          label="What is not drawn as the file means it"
          align="right"
          buttonClass="chip"
          button={`${problems.length} not drawn as written`}
        >
          {() => (
            <ul className="remarks">
              {problems.map((problem) => (
                <li key={problem}>{problem}</li>
              ))}
            </ul>
          )}
        </Popover>
      )}
    </div>
  );
}
