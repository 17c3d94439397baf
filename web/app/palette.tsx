/** ⌘K: pages, dashboards, metrics and actions in one list, the best matches first within each group. */

import { useId, useState } from "react";
import { useDashboardList, useMetadata, useMetricNames } from "../api/server-queries.ts";
import { useRoute, useRouter } from "../router/router-context.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Icon, type IconName } from "../ui/icon.tsx";
import { pageHref } from "./navigation.tsx";
import { pageEntries } from "./page-entries.ts";
import { rankMatches } from "./palette-match.ts";
import { useTheme } from "./theme.ts";

interface PaletteItem {
  readonly group: string;
  readonly icon: IconName;
  readonly label: string;
  readonly detail: string;
  readonly keys?: string;
  readonly run: () => void;
}

/** Shown of one group at once. */
const groupMax = 7;

/** Modal; closes when something was chosen. */
export function Palette({ onClose }: { readonly onClose: () => void }) {
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(0);
  const listId = useId();
  const items = usePaletteItems();
  const groups = [...new Set(items.map((item) => item.group))];
  const found = groups.flatMap((group) =>
    rankMatches(
      items.filter((item) => item.group === group && (text !== "" || group !== "Metrics")),
      text,
      (item) => item.label,
    ).slice(0, groupMax),
  );
  const open = (item: PaletteItem | undefined) => {
    if (item === undefined) return;
    onClose();
    item.run();
  };
  return (
    <Dialog label="Search or jump to" className="is-palette" onClose={onClose}>
      <div className="palette-head">
        <Icon name="search" />
        <input
          autoFocus
          role="combobox"
          aria-expanded="true"
          aria-controls={listId}
          aria-activedescendant={found.length > 0 ? `${listId}-${chosen}` : undefined}
          aria-label="Search pages, dashboards, metrics and actions"
          placeholder="Search or jump to"
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setChosen(0);
          }}
          onKeyDown={(event) => {
            const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
            if (step !== 0) {
              event.preventDefault();
              setChosen((chosen + step + found.length) % Math.max(1, found.length));
            } else if (event.key === "Enter") open(found[chosen]);
          }}
        />
        <kbd>esc</kbd>
      </div>
      <div className="palette-list" id={listId} role="listbox" aria-label="Matches">
        {found.map((item, index) => (
          <div key={`${item.group} ${item.label} ${item.detail}`}>
            {item.group !== found[index - 1]?.group && (
              <div className="palette-group">{item.group}</div>
            )}
            <div
              id={`${listId}-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === chosen}
              className="palette-item"
              onMouseMove={() => setChosen(index)}
              onMouseDown={() => open(item)}
            >
              <Icon name={item.icon} />
              <span className="truncate">{item.label}</span>
              <span className="dim truncate">{item.detail}</span>
              <i className="spacer" />
              {item.keys !== undefined && <kbd>{item.keys}</kbd>}
            </div>
          </div>
        ))}
        {found.length === 0 && (
          <p className="palette-empty">
            No page, dashboard, metric or action is called “{text}”. Metrics are found by any part
            of their name.
          </p>
        )}
      </div>
      <div className="palette-foot">
        <span>
          <kbd>↑</kbd> <kbd>↓</kbd> move
        </span>
        <span>
          <kbd>↵</kbd> open
        </span>
      </div>
    </Dialog>
  );
}

function usePaletteItems(): readonly PaletteItem[] {
  const router = useRouter();
  const { params } = useRoute();
  const { theme, toggle } = useTheme();
  const dashboards = useDashboardList().data ?? [];
  const names = useMetricNames().data ?? [];
  const metadata = useMetadata().data ?? {};
  const go = (path: string) => () => router.navigate(pageHref(path, params));
  return [
    ...pageEntries.map((entry) => ({
      group: "Pages",
      icon: entry.icon,
      label: entry.label,
      detail: "",
      keys: entry.keys,
      run: go(entry.path),
    })),
    ...dashboards.map((board) => ({
      group: "Dashboards",
      icon: "dashboards" as const,
      label: board.title,
      detail: `${board.panelCount} panels, ${board.source}`,
      run: go(`/d/${encodeURIComponent(board.uid)}`),
    })),
    ...names.map((name) => ({
      group: "Metrics",
      icon: "metric" as const,
      label: name,
      detail: metadata[name]?.[0]?.help ?? "",
      run: go(`/explore?q=${encodeURIComponent(name)}`),
    })),
    {
      group: "Actions",
      icon: theme === "dark" ? "sun" : "moon",
      label: theme === "dark" ? "Use the light theme" : "Use the dark theme",
      detail: "",
      keys: "t",
      run: toggle,
    },
    {
      group: "Actions",
      icon: "upload",
      label: "Import a Grafana dashboard",
      detail: "from a file, text or address",
      run: go("/dashboards?import=1"),
    },
  ];
}
