/** `observe --aggregate-by LEVEL`: an edge a line instead of a flow a line. Not in hubble. */

import { ConfigError } from "../../base/errors.ts";
import { aggregateRows, FlowAggregate } from "../../flow/map/flow-aggregate.ts";
import { mapLevels } from "../../flow/map/map-end.ts";
import { alignRows, type FlowPrinter } from "../../flow/print/flow-printer.ts";
import { escapeControls } from "../../flow/print/palette.ts";
import type { ObserveOptions } from "./observe-options.ts";

/** What events are written to. */
export type EventPrinter = Pick<FlowPrinter, "write" | "close">;

/** Adds flows up and prints a table when the input ends. Throws ConfigError. */
export function createAggregatePrinter(
  { aggregateBy, follow }: ObserveOptions,
  stdout: (text: string) => void,
): EventPrinter {
  const level = mapLevels.find((known) => known === aggregateBy);
  if (level === undefined) {
    throw new ConfigError(
      `invalid --aggregate-by value: ${aggregateBy}, expected one of ${mapLevels.join(", ")}`,
      {
        path: "",
      },
    );
  }
  if (follow) {
    throw new ConfigError("--aggregate-by adds up what there is: it goes without --follow", {
      path: "",
    });
  }
  const aggregate = new FlowAggregate(level);
  return {
    write({ flow }) {
      if (flow !== undefined) aggregate.add(flow);
    },
    close() {
      const rows = aggregateRows(aggregate.finish());
      stdout(alignRows(rows.map((row) => row.map(escapeControls))));
    },
  };
}
