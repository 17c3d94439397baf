/** Shown while the server scrapes nothing but itself: how targets are added, in ten lines. */

import { useState } from "react";
import { Icon } from "../ui/icon.tsx";

const example = `scrape_configs:
  - job_name: cilium-agent
    scrape_interval: 10s
    static_configs:
      - targets: ["127.0.0.1:9962"]
  - job_name: hubble
    scrape_interval: 10s
    static_configs:
      - targets: ["127.0.0.1:9965"]
`;
const forward = "kubectl -n kube-system port-forward ds/cilium 9962:9962 9965:9965";

/** The example is the one of the README. */
export function AddTargets({ configFile }: { readonly configFile: string | undefined }) {
  const [isCopied, setCopied] = useState(false);
  return (
    <section className="howto">
      <h2>
        Only this server's own metrics are scraped.{" "}
        <span className="dim">Add targets like this.</span>
      </h2>
      <p className="mid">
        Make Cilium's metrics reachable, <code>{forward}</code>, put these lines into{" "}
        {configFile === undefined ? (
          <>
            a file and start <code>ciliascope server --config FILE</code>
          </>
        ) : (
          <>
            <code>{configFile}</code> and reload with{" "}
            <code>curl -X POST {location.origin}/-/reload</code>
          </>
        )}
        :
      </p>
      <div className="code-with-copy">
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reached by keys. */}
        <pre className="code-block" tabIndex={0}>
          {example}
        </pre>
        <button
          type="button"
          className="control is-small is-icon"
          aria-label="Copy the example"
          title={isCopied ? "Copied" : "Copy"}
          onClick={() => void navigator.clipboard?.writeText(example).then(() => setCopied(true))}
        >
          <Icon name="copy" />
        </button>
      </div>
      <p className="dim">
        No cluster at hand? <code>ciliascope demo</code> brings a laboratory of its own.
      </p>
    </section>
  );
}
