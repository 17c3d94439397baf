/** Copies a text and says so for a moment. */

import { useEffect, useState } from "react";
import { systemClock } from "../../src/base/clock.ts";
import { Glyph } from "../ui/glyph.tsx";

const shownMs = 2500;

/** The button with its toast, which is read out too. */
export function CopyYamlButton({ text }: { readonly text: string }) {
  const [outcome, setOutcome] = useState<"copied" | "refused">();
  useEffect(() => {
    if (outcome === undefined) return;
    return systemClock.after(shownMs, () => setOutcome(undefined));
  }, [outcome]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setOutcome("copied");
    } catch {
      setOutcome("refused");
    }
  };
  return (
    <>
      <button type="button" className="control" disabled={text === ""} onClick={() => void copy()}>
        Copy YAML
      </button>
      <span className="policy-toast-place" role="status">
        {outcome !== undefined && (
          <span className="policy-toast">
            <Glyph kind={outcome === "copied" ? "ok" : "warn"} />
            {outcome === "copied" ? "YAML copied" : "The browser did not let the YAML be copied"}
          </span>
        )}
      </span>
    </>
  );
}
