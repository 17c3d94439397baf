/** The button that closes a drawer or a dialog. A drawer's takes the focus as it opens, so that keys reach it. */

import { useEffect, useRef } from "react";
import { Icon } from "./icon.tsx";

interface CloseButtonProps {
  /** What it closes, for readers: "Close the target". */
  readonly label?: string;
  /** In a drawer: focus on opening, and the key is named. Dialogs do both themselves. */
  readonly isDrawer?: boolean;
  readonly onClose: () => void;
}

export function CloseButton({ label = "Close", isDrawer = false, onClose }: CloseButtonProps) {
  const ref = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (isDrawer) ref.current?.focus();
  }, [isDrawer]);
  return (
    <button
      ref={ref}
      type="button"
      className="control is-ghost is-icon"
      aria-label={label}
      {...(isDrawer ? { title: "Close (esc)" } : {})}
      onClick={onClose}
    >
      <Icon name="close" />
    </button>
  );
}
