/** Ad hoc filters above a dashboard: each a chip that can be taken away, and a small form for one more. */

import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { type AdhocFilter, filterText, parseFilters } from "../../src/dashboard/adhoc-filters.ts";
import type { Variable } from "../../src/dashboard/model.ts";
import { useApi } from "../api/server-queries.ts";
import { Icon } from "../ui/icon.tsx";
import { Popover } from "../ui/popover.tsx";

interface AdhocControlProps {
  readonly variable: Variable;
  /** As in the address: `key|operator|value`. */
  readonly values: readonly string[];
  readonly onChange: (values: readonly string[]) => void;
}

const operators = ["=", "!=", "=~", "!~"] as const;

export function AdhocControl({ variable, values, onChange }: AdhocControlProps) {
  const filters = parseFilters(values);
  const label = variable.label === "" ? variable.name : variable.label;
  const without = (index: number) => {
    const rest = filters.filter((_, at) => at !== index).map(filterText);
    // An empty list means "as the file has it"; one empty value means "none".
    onChange(rest.length === 0 ? [""] : rest);
  };
  return (
    <span className="variable">
      <span className="variable-name">{label}</span>
      {filters.map((filter, index) => (
        <button
          key={filterText(filter)}
          type="button"
          className="chip is-on"
          aria-label={`Remove filter ${filter.key} ${filter.operator} ${filter.value}`}
          onClick={() => without(index)}
        >
          <span className="mono">
            {filter.key} {filter.operator} {filter.value === "" ? '""' : filter.value}
          </span>
          <Icon name="close" />
        </button>
      ))}
      <Popover
        label={`Add a filter to ${label}`}
        buttonClass="variable-value"
        button={<Icon name="plus" />}
        paneClass="variable-pane"
      >
        {(close) => (
          <FilterForm
            onAdd={(filter) => {
              onChange([...filters.map(filterText), filterText(filter)]);
              close();
            }}
          />
        )}
      </Popover>
    </span>
  );
}

function FilterForm({ onAdd }: { readonly onAdd: (filter: AdhocFilter) => void }) {
  const api = useApi();
  const [key, setKey] = useState("");
  const [operator, setOperator] = useState<AdhocFilter["operator"]>("=");
  const [value, setValue] = useState("");
  const names = useQuery({
    queryKey: ["label-names"],
    queryFn: async ({ signal }) =>
      (await api.prometheus<readonly string[]>("labels", {}, { signal })).data,
    staleTime: 30_000,
  });
  const found = useQuery({
    queryKey: ["label-values", key],
    queryFn: async ({ signal }) =>
      (
        await api.prometheus<readonly string[]>(
          `label/${encodeURIComponent(key)}/values`,
          {},
          { signal },
        )
      ).data,
    enabled: names.data?.includes(key) === true,
    staleTime: 30_000,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (key !== "") onAdd({ key, operator, value });
  };
  return (
    <form className="filter-form" onSubmit={submit}>
      <input
        className="text-input mono"
        aria-label="Label"
        placeholder="label"
        list="adhoc-labels"
        value={key}
        onChange={(event) => setKey(event.target.value)}
      />
      <datalist id="adhoc-labels">
        {(names.data ?? []).map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <select
        className="text-input mono"
        aria-label="Operator"
        value={operator}
        onChange={(event) => setOperator(event.target.value as AdhocFilter["operator"])}
      >
        {operators.map((one) => (
          <option key={one}>{one}</option>
        ))}
      </select>
      <input
        className="text-input mono"
        aria-label="Value"
        placeholder="value"
        list="adhoc-values"
        value={value}
        onChange={(event) => setValue(event.target.value)}
      />
      <datalist id="adhoc-values">
        {(found.data ?? []).slice(0, 500).map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
      <button type="submit" className="control is-small is-primary" disabled={key === ""}>
        Add filter
      </button>
    </form>
  );
}
