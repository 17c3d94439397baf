/**
 * The pages in a real browser, on one demo. `npm run apptest -- pages` runs all; the name of a step
 * runs that one alone.
 */

import type { AppTest } from "./app-test.ts";
import { pageStep } from "./page.ts";
import { pageDashboardsStep } from "./page-dashboards.ts";
import { pageFlowsStep } from "./page-flows.ts";
import { pageMapStep } from "./page-map.ts";
import { pageOverviewStep } from "./page-overview.ts";
import { pagePoliciesStep } from "./page-policies.ts";
import { type PageStep, runPageSteps } from "./page-session.ts";
import { pageStudioStep } from "./page-studio.ts";

/** The first one times the first light after the start. */
const steps: readonly PageStep[] = [
  pageStep,
  pageOverviewStep,
  pageFlowsStep,
  pageMapStep,
  pagePoliciesStep,
  pageStudioStep,
  pageDashboardsStep,
];

export const pagesTest: AppTest = {
  name: "pages",
  run: (context) => runPageSteps(context, steps),
};

/** Each step with a demo of its own: run only when it is named. */
export const singlePageTests: readonly AppTest[] = steps.map((step) => ({
  name: step.name,
  run: (context) => runPageSteps(context, [step]),
}));
