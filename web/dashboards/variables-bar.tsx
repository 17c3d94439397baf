/** The line of variables above a dashboard; choices go into the address as var-NAME. */

import type { ReactNode } from "react";
import type { VariableScope } from "../../src/dashboard/interpolate.ts";
import type { Dashboard } from "../../src/dashboard/model.ts";
import { useRouter } from "../router/router-context.tsx";
import { Popover } from "../ui/popover.tsx";
import { AdhocControl } from "./adhoc-control.tsx";
import { AnnotationSwitches } from "./annotation-switches.tsx";
import { DashboardLinks } from "./dashboard-links.tsx";
import type { ChosenVariable } from "./use-variables.ts";
import { VariableControl } from "./variable-control.tsx";

interface VariablesBarProps {
  readonly variables: readonly ChosenVariable[];
  readonly isLoading: boolean;
  /** What of the dashboard is not drawn as its file means it. */
  readonly problems: readonly string[];
  readonly dashboard: Dashboard;
  readonly scope: VariableScope;
  readonly editBar: ReactNode;
}

/** Nothing where there is nothing to choose and nothing to say. */
export function VariablesBar(props: VariablesBarProps) {
  const { variables, isLoading, problems, dashboard, scope } = props;
  const router = useRouter();
  // One data source is no choice; unknown kinds have nothing to pick from.
  const shown = variables.filter(
    ({ variable, options }) =>
      !variable.isHidden &&
      variable.type !== "other" &&
      !(variable.type === "datasource" && options.length <= 1),
  );
  return (
    <div className="variables">
      {shown.map(({ variable, options, values, problem }) =>
        variable.type === "adhoc" ? (
          <AdhocControl
            key={variable.name}
            variable={variable}
            values={values}
            onChange={(next) => router.setParams({ [`var-${variable.name}`]: next })}
          />
        ) : (
          <VariableControl
            key={variable.name}
            variable={variable}
            options={options}
            values={values}
            isLoading={isLoading}
            problem={problem}
            onChange={(next) => router.setParams({ [`var-${variable.name}`]: next })}
          />
        ),
      )}
      <i className="spacer" />
      <DashboardLinks links={dashboard.links} scope={scope} />
      <AnnotationSwitches queries={dashboard.annotations} />
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
      {props.editBar}
    </div>
  );
}
