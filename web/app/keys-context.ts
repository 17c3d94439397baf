/** Key bindings for components: registered while mounted. */

import { createContext, useContext, useEffect, useRef } from "react";
import type { KeyBinding, KeyBindings } from "./key-bindings.ts";

/** Holds the application's key bindings. */
export const KeysContext = createContext<KeyBindings | null>(null);

/** Registers `bindings` while the component is mounted; their handlers may change with each render. */
export function useKeys(bindings: readonly KeyBinding[]): void {
  const keys = useContext(KeysContext);
  const latest = useRef(bindings);
  useEffect(() => {
    latest.current = bindings;
  });
  const names = bindings.map((binding) => `${binding.keys}\t${binding.label}`).join("\n");
  useEffect(() => {
    if (names === "" || keys === null) return;
    return keys.register(
      latest.current.map((binding, index) => ({
        ...binding,
        run: () => latest.current[index]?.run(),
      })),
    );
  }, [keys, names]);
}
