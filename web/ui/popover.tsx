/** A button that opens a floating pane under itself; closes on Escape, a click outside, or when its content says so. */

import { type ReactNode, useEffect, useId, useRef, useState } from "react";

interface PopoverProps {
  readonly label: string;
  readonly button: ReactNode;
  readonly buttonClass?: string;
  readonly align?: "left" | "right";
  readonly paneClass?: string;
  readonly children: (close: () => void) => ReactNode;
}

/** Focus goes into the pane on opening and back to the button on closing. */
export function Popover({
  label,
  button,
  buttonClass = "control",
  align = "left",
  paneClass = "",
  children,
}: PopoverProps) {
  const [isOpen, setOpen] = useState(false);
  const rootRef = useRef<HTMLSpanElement>(null);
  const buttonRef = useRef<HTMLButtonElement>(null);
  const paneId = useId();
  useEffect(() => {
    if (!isOpen) return;
    const closeOutside = (event: PointerEvent | FocusEvent) => {
      if (!rootRef.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", closeOutside);
    document.addEventListener("focusin", closeOutside);
    const pane = document.getElementById(paneId);
    const first = pane?.querySelector<HTMLElement>(
      "[autofocus], [data-autofocus], [aria-selected=true], [aria-current=page], button, input",
    );
    first?.focus();
    return () => {
      document.removeEventListener("pointerdown", closeOutside);
      document.removeEventListener("focusin", closeOutside);
    };
  }, [isOpen, paneId]);
  const close = () => {
    setOpen(false);
    buttonRef.current?.focus();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape is caught for the pane's own controls.
    <span
      className="popover"
      ref={rootRef}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !isOpen) return;
        event.stopPropagation();
        close();
      }}
    >
      <button
        type="button"
        ref={buttonRef}
        className={buttonClass}
        aria-label={label}
        title={label}
        aria-haspopup="dialog"
        aria-expanded={isOpen}
        aria-controls={isOpen ? paneId : undefined}
        onClick={() => setOpen(!isOpen)}
      >
        {button}
      </button>
      {isOpen && (
        <div
          id={paneId}
          role="dialog"
          aria-label={label}
          className={`popover-pane is-${align} ${paneClass}`}
        >
          {children(close)}
        </div>
      )}
    </span>
  );
}

/** Moves focus among the buttons of a list with the arrow keys; put on the list's container. */
export function moveFocus(event: React.KeyboardEvent<HTMLElement>): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (step === 0) return;
  const items = [
    ...event.currentTarget.querySelectorAll<HTMLElement>("button:not(:disabled), [role=option]"),
  ];
  const index = items.indexOf(document.activeElement as HTMLElement);
  const next = items[Math.min(items.length - 1, Math.max(0, index + step))];
  if (next === undefined) return;
  event.preventDefault();
  next.focus();
}
