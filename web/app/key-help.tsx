/** The list of all keys in force on this page. */

import { useContext } from "react";
import { CloseButton } from "../ui/close-button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { KeysContext } from "./keys-context.ts";

/** Reads the bindings when it opens. */
export function KeyHelp({ onClose }: { readonly onClose: () => void }) {
  const bindings = useContext(KeysContext)?.list() ?? [];
  const groups = [...new Set(bindings.map((binding) => binding.group))];
  return (
    <Dialog label="All keys" className="is-keys" onClose={onClose}>
      <div className="dialog-head">
        <h2>All keys</h2>
        <i className="spacer" />
        <CloseButton onClose={onClose} />
      </div>
      <div className="keys-columns">
        {groups.map((group) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {bindings
                .filter((binding) => binding.group === group)
                .map((binding) => (
                  <div key={binding.keys}>
                    <dt>{binding.label}</dt>
                    <dd>
                      {binding.keys.split(" ").map((key) => (
                        <kbd key={key}>{keyText(key)}</kbd>
                      ))}
                    </dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
      </div>
      <p className="dim">Single keys rest while a field has the focus.</p>
    </Dialog>
  );
}

/** A key as it stands on the keyboard. */
function keyText(key: string): string {
  return key
    .replace("mod+", "⌘")
    .replace("alt+", "⌥")
    .replace("Enter", "↵")
    .replace(/^ $/, "space");
}
