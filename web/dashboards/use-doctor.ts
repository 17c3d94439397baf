/** Asks the panel doctor why a panel's queries have no result. */

import { useQuery } from "@tanstack/react-query";
import type { DoctorAnswer, DoctorRequest } from "../../src/api/wire/doctor.ts";
import { useApi } from "../api/server-queries.ts";
import type { PanelAnswer } from "./use-panel-data.ts";

/** The reason of an empty panel seldom changes from one refresh to the next. */
const freshMs = 30_000;

/** Findings for an answer's queries; asked again after half a minute, not with each refresh. */
export function useDoctor(answer: Pick<PanelAnswer, "queries" | "range">) {
  const api = useApi();
  const queries = answer.queries.map(({ target, expr }) => ({ refId: target.refId, expr }));
  const spanMs = answer.range.toMs - answer.range.fromMs;
  return useQuery({
    queryKey: ["doctor", queries, spanMs, Math.floor(answer.range.toMs / freshMs)],
    queryFn: ({ signal }) => {
      const body: DoctorRequest = { queries, ...answer.range };
      return api.own<DoctorAnswer>("/doctor", { method: "POST", body, signal });
    },
    enabled: queries.length > 0,
    placeholderData: (before) => before,
    staleTime: freshMs,
  });
}
