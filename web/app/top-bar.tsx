/** Title, search, time, refresh and theme: the same place on every page. */

import { lazy, type ReactNode, Suspense, useState } from "react";
import { Link } from "../router/router-context.tsx";
import { Icon } from "../ui/icon.tsx";
import { useKeys } from "./keys-context.ts";
import { NavigationButton } from "./navigation.tsx";
import { RefreshControl } from "./refresh-control.tsx";
import { useTheme } from "./theme.ts";
import { TimePicker } from "./time-picker.tsx";

const Palette = lazy(async () => ({ default: (await import("./palette.tsx")).Palette }));
const KeyHelp = lazy(async () => ({ default: (await import("./key-help.tsx")).KeyHelp }));

interface TopBarProps {
  readonly title: string;
  readonly crumb?: { readonly label: string; readonly href: string };
  readonly badge?: ReactNode;
}

/** Owns the two dialogs that any page can open: palette and list of keys. */
export function TopBar({ title, crumb, badge }: TopBarProps) {
  const [dialog, setDialog] = useState<"palette" | "keys">();
  const { theme, toggle } = useTheme();
  const close = () => setDialog(undefined);
  useKeys([
    {
      keys: "mod+k",
      label: "Search or jump to",
      group: "Everywhere",
      run: () => setDialog("palette"),
    },
    { keys: "?", label: "All keys", group: "Everywhere", run: () => setDialog("keys") },
    { keys: "t", label: "Light or dark", group: "Everywhere", run: toggle },
  ]);
  return (
    <header className="top-bar">
      <NavigationButton />
      {crumb !== undefined && (
        <span className="crumb">
          <Link href={crumb.href}>{crumb.label}</Link> /
        </span>
      )}
      <h1 className="truncate">{title}</h1>
      {badge}
      <i className="spacer" />
      <button type="button" className="control search" onClick={() => setDialog("palette")}>
        <Icon name="search" />
        <span className="truncate">Search or jump to</span>
        <kbd>⌘K</kbd>
      </button>
      <TimePicker />
      <RefreshControl />
      <button
        type="button"
        className="control is-ghost is-icon"
        aria-label={theme === "dark" ? "Use the light theme" : "Use the dark theme"}
        title={`${theme === "dark" ? "Light" : "Dark"} theme (t)`}
        onClick={toggle}
      >
        <Icon name={theme === "dark" ? "sun" : "moon"} />
      </button>
      <button
        type="button"
        className="control is-ghost is-icon"
        aria-label="All keys"
        title="All keys (?)"
        onClick={() => setDialog("keys")}
      >
        <Icon name="keyboard" />
      </button>
      <Suspense fallback={null}>
        {dialog === "palette" && <Palette onClose={close} />}
        {dialog === "keys" && <KeyHelp onClose={close} />}
      </Suspense>
    </header>
  );
}
