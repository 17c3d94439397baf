/**
 * Keys of the page (UI.md 7): single keys, sequences as `g d`, and combinations with ⌘/Ctrl. Single
 * keys sleep while a field has focus. One instance listens on the window; components register theirs.
 */

/** A key and what it does. `keys`: "t", "g d", "mod+k" (⌘ or Ctrl), "?", "shift+x" (letters only). */
export interface KeyBinding {
  readonly keys: string;
  readonly label: string;
  readonly group: string;
  readonly run: () => void;
}

/** A started sequence waits this long for its second key. */
const sequenceMs = 1200;

/** The keys of an event in the spelling of KeyBinding. */
export function keyName(event: {
  key: string;
  metaKey: boolean;
  ctrlKey: boolean;
  altKey: boolean;
  shiftKey?: boolean;
}): string {
  const mod = event.metaKey || event.ctrlKey ? "mod+" : "";
  const alt = event.altKey ? "alt+" : "";
  // Of other characters the key itself tells: "?" is typed with shift on some keyboards only.
  const shift = event.shiftKey === true && /^[a-z]$/i.test(event.key) ? "shift+" : "";
  return `${mod}${alt}${shift}${event.key.length === 1 ? event.key.toLowerCase() : event.key}`;
}

/** True where typing belongs to the element: then single keys do nothing. */
export function isTypingTarget(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

/** True where the space bar presses the element itself. */
function isPressTarget(target: EventTarget | null): boolean {
  return (
    target instanceof Element &&
    target.closest("button, a, summary, [role=button], [role=option], [role=radio]") !== null
  );
}

/** Created once by main.tsx. */
export class KeyBindings {
  #sets = new Set<readonly KeyBinding[]>();
  #prefix = "";
  #prefixAtMs = 0;
  readonly #now: () => number;
  readonly #allowsSingle: () => boolean;

  /** `allowsSingle` false: only combinations with ⌘ or Ctrl, and Escape, run. */
  constructor(now: () => number, allowsSingle: () => boolean = () => true) {
    this.#now = now;
    this.#allowsSingle = allowsSingle;
  }

  /** Adds bindings until the returned function is called; later ones win over earlier ones. */
  register(bindings: readonly KeyBinding[]): () => void {
    this.#sets.add(bindings);
    return () => this.#sets.delete(bindings);
  }

  /** All bindings in force, in the order of registration, for the list of keys. */
  list(): readonly KeyBinding[] {
    return [...this.#sets].flat();
  }

  /** Runs what belongs to the event; the handler of the window's keydown. */
  readonly handle = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.key === "Shift") return;
    const name = keyName(event);
    if (!name.startsWith("mod+") && isTypingTarget(event.target)) return;
    if (!name.startsWith("mod+") && name !== "Escape" && !this.#allowsSingle()) return;
    if (name === " " && isPressTarget(event.target)) return;
    if (document.querySelector("dialog[open]") !== null) return;
    const isPrefixed = this.#prefix !== "" && this.#now() - this.#prefixAtMs < sequenceMs;
    const wanted = isPrefixed ? `${this.#prefix} ${name}` : name;
    this.#prefix = "";
    const found = this.list().findLast((binding) => binding.keys === wanted);
    if (found !== undefined) {
      event.preventDefault();
      found.run();
    } else if (this.list().some((binding) => binding.keys.startsWith(`${name} `))) {
      this.#prefix = name;
      this.#prefixAtMs = this.#now();
    }
  };
}
