/** The head of a table whose columns do not change: name, width, figures to the right. */

/** One column. */
export interface TableColumn {
  readonly label: string;
  /** px, or a share as CSS writes it; none: what is left. */
  readonly width?: number | string;
  readonly isNumber?: boolean;
  /** The name is for readers of the page alone: a column of bars or links. */
  readonly isUnnamed?: boolean;
  readonly className?: string;
}

export function TableHead({ columns }: { readonly columns: readonly TableColumn[] }) {
  return (
    <thead>
      <tr aria-rowindex={1}>
        {columns.map(({ label, width, isNumber, isUnnamed, className = "" }) => (
          <th
            key={label}
            scope="col"
            className={`${className} ${isNumber === true ? "num" : ""}`}
            {...(width === undefined ? {} : { style: { width } })}
          >
            {isUnnamed === true ? <span className="visually-hidden">{label}</span> : label}
          </th>
        ))}
      </tr>
    </thead>
  );
}
