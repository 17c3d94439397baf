/** Settings of this browser, and what the server runs with: sources of flows, what is kept, flags, configuration, build. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { FlowSourcesAnswer } from "../../src/api/wire/flow-sources.ts";
import type { FlowStoreAnswer } from "../../src/api/wire/flows.ts";
import { type ApiClient, ApiError } from "../api/api-client.ts";
import { useApi, useServerStatus } from "../api/server-queries.ts";
import { pageHref } from "../app/navigation.tsx";
import { usePageDefaults } from "../app/page-defaults.ts";
import { PageFrame } from "../app/page-frame.tsx";
import { usePreferences } from "../app/preferences.ts";
import { useTheme } from "../app/theme.ts";
import { groupThousands } from "../charts/plain-number.ts";
import { templateProblem } from "../explore/exemplars.ts";
import { Link, useRoute } from "../router/router-context.tsx";
import { timestampLabel } from "../time/time-axis.ts";
import { usePageTime } from "../time/time-context.tsx";
import { bytesText } from "../ui/bytes-text.ts";
import { Skeleton } from "../ui/notes.tsx";
import { Segmented } from "../ui/segmented.tsx";
import { FlowSources } from "./flow-sources.tsx";
import { daysText, flagRows } from "./settings-text.ts";
import "./settings.css";

/** The page at /settings. */
export function SettingsPage() {
  return (
    <PageFrame title="Settings" defaults={usePageDefaults()}>
      <Settings />
    </PageFrame>
  );
}

const sections: readonly (readonly [string, string])[] = [
  ["browser", "This browser"],
  ["server", "Server"],
  ["sources", "Sources of flows"],
  ["kept", "What is kept"],
  ["flags", "Flags"],
  ["config", "Configuration"],
];

function Settings() {
  const { params } = useRoute();
  const area = params.get("area");
  useEffect(() => {
    if (area !== null) document.getElementById(area)?.scrollIntoView();
  }, [area]);
  return (
    <div className="settings">
      <nav className="settings-index" aria-label="Sections">
        {sections.map(([id, label]) => (
          <Link
            key={id}
            href={pageHref(`/settings?area=${id}`, params)}
            aria-current={id === area ? "true" : undefined}
            onClick={() => document.getElementById(id)?.scrollIntoView()}
          >
            {label}
          </Link>
        ))}
      </nav>
      <div className="settings-body">
        <BrowserSection />
        <ServerSections />
      </div>
    </div>
  );
}

function BrowserSection() {
  const { theme, toggle } = useTheme();
  const { hasSingleKeys, zone, traceTemplate, change } = usePreferences();
  const [template, setTemplate] = useState(traceTemplate);
  const problem = templateProblem(template);
  return (
    <section id="browser" className="settings-section" aria-labelledby="browser-title">
      <h2 id="browser-title">This browser</h2>
      <Setting label="Theme" hint="The key t changes it anywhere.">
        <Segmented
          label="Theme"
          value={theme}
          options={[
            { value: "dark", label: "Dark" },
            { value: "light", label: "Light" },
          ]}
          onChange={(next) => {
            if (next !== theme) toggle();
          }}
        />
      </Setting>
      <Setting label="Time zone" hint="Of all pages whose address does not say another.">
        <Segmented
          label="Time zone of all pages"
          value={zone}
          options={[
            { value: "browser", label: "Local time" },
            { value: "utc", label: "UTC" },
          ]}
          onChange={(next) => change({ zone: next })}
        />
      </Setting>
      <Setting
        label="Single keys"
        hint="g o, /, t and the like. ⌘K and Ctrl-K work either way; off helps with speech input."
      >
        <Segmented
          label="Single keys"
          value={hasSingleKeys ? "on" : "off"}
          options={[
            { value: "on", label: "On" },
            { value: "off", label: "Off" },
          ]}
          onChange={(next) => change({ hasSingleKeys: next === "on" })}
        />
      </Setting>
      <Setting
        label="Traces"
        hint={
          problem ??
          "Address of a trace; {trace_id} stands for its id. Exemplars in Explore then lead there."
        }
      >
        <input
          className="text-input trace-input"
          aria-label="Address of a trace"
          placeholder="https://tempo.example/trace/{trace_id}"
          value={template}
          aria-invalid={problem !== undefined}
          onChange={(event) => {
            setTemplate(event.target.value);
            if (templateProblem(event.target.value) === undefined) {
              change({ traceTemplate: event.target.value });
            }
          }}
        />
      </Setting>
    </section>
  );
}

interface SettingProps {
  readonly label: string;
  readonly hint: string;
  readonly children: React.ReactNode;
}

function Setting({ label, hint, children }: SettingProps) {
  return (
    <div className="setting">
      <div>
        <b>{label}</b>
        <p className="dim">{hint}</p>
      </div>
      {children}
    </div>
  );
}

/** What the server's own pages tell, read side by side. */
function useServerFacts() {
  const client = useApi();
  return useQuery({
    queryKey: ["server-facts"],
    queryFn: async ({ signal }) => {
      const read = async <Data,>(path: string) =>
        (await client.prometheus<Data>(path, {}, { signal })).data;
      const [build, runtime, flags, config, sources, store] = await Promise.all([
        read<Readonly<Record<string, unknown>>>("status/buildinfo"),
        read<Readonly<Record<string, unknown>>>("status/runtimeinfo"),
        read<Readonly<Record<string, string>>>("status/flags"),
        read<{ yaml: string }>("status/config"),
        ownOrNone<FlowSourcesAnswer>(client, "/flow-sources", signal),
        ownOrNone<FlowStoreAnswer>(client, "/flows/store", signal),
      ]);
      return { build, runtime, flags, config: config.yaml, sources, store };
    },
    refetchInterval: 10_000,
    placeholderData: keepPreviousData,
  });
}

async function ownOrNone<Data>(
  client: ApiClient,
  path: string,
  signal: AbortSignal,
): Promise<Data | null> {
  try {
    return await client.own<Data>(path, { signal });
  } catch (thrown) {
    if (thrown instanceof ApiError && thrown.status === 404) return null;
    throw thrown;
  }
}

function ServerSections() {
  const facts = useServerFacts();
  if (facts.data === undefined) {
    return facts.isError ? (
      <section className="settings-section">
        <p className="error-line">{facts.error.message}</p>
      </section>
    ) : (
      <Skeleton label="Asking the server" />
    );
  }
  const { flags, config, sources, store, build, runtime } = facts.data;
  return (
    <>
      <ServerSection build={build} runtime={runtime} flags={flags} observer={sources?.observer} />
      <section id="sources" className="settings-section" aria-labelledby="sources-title">
        <h2 id="sources-title">Sources of flows</h2>
        <FlowSources sources={sources} />
      </section>
      <KeptSection flags={flags} store={store} />
      <section id="flags" className="settings-section" aria-labelledby="flags-title">
        <h2 id="flags-title">Flags</h2>
        <p className="dim">What the server was started with. Those that were set come first.</p>
        <table className="flags-table">
          <caption className="visually-hidden">Flags and their values</caption>
          <thead>
            <tr>
              <th>Flag</th>
              <th>Value</th>
            </tr>
          </thead>
          <tbody>
            {flagRows(flags).map(({ name, value }) => (
              <tr key={name}>
                <td className="mono">--{name}</td>
                <td className={value === "" ? "dim" : "mono"}>
                  {value === "" ? "not set" : value}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <section id="config" className="settings-section" aria-labelledby="config-title">
        <h2 id="config-title">Configuration in force</h2>
        <p className="dim">With defaults written out and secrets left out.</p>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reached by keys. */}
        <pre className="code-block settings-config" tabIndex={0}>
          {config}
        </pre>
      </section>
    </>
  );
}

interface ServerSectionProps {
  readonly build: Readonly<Record<string, unknown>>;
  readonly runtime: Readonly<Record<string, unknown>>;
  readonly flags: Readonly<Record<string, string>>;
  readonly observer: string | null | undefined;
}

function ServerSection({ build, runtime, flags, observer }: ServerSectionProps) {
  const { zone } = usePageTime();
  const status = useServerStatus();
  const lastConfigMs = Date.parse(String(runtime["lastConfigTime"] ?? ""));
  const rows: readonly (readonly [string, string])[] = [
    [
      "Version",
      `Ciliascope ${status.data?.version ?? ""}, API of Prometheus ${String(build["version"] ?? "")}`,
    ],
    [
      "Runs as",
      status.data?.mode === "demo"
        ? `demo with a laboratory of Cilium ${status.data.ciliumVersion ?? ""}`
        : "server",
    ],
    ["Up for", daysText((status.data?.uptimeSeconds ?? 0) * 1000)],
    ["Configuration file", status.data?.configFile ?? "none; the built-in one"],
    [
      "Last reload",
      `${runtime["reloadConfigSuccess"] === false ? "failed" : "worked"}${Number.isNaN(lastConfigMs) ? "" : `, ${timestampLabel(Math.round(lastConfigMs / 1000) * 1000, zone)}`}`,
    ],
    ["Page and API listen on", flags["listen"] ?? flags["web.listen-address"] ?? ""],
    ["Hubble Observer listens on", observer ?? "nothing (--observer-listen)"],
    ["Flow metrics listen on", flags["flows.metrics-listen"] || "nothing (--flows.metrics-listen)"],
    ["Data directory", flags["data-dir"] ?? flags["storage.tsdb.path"] ?? ""],
    [
      "Working directory",
      `${String(runtime["CWD"] ?? "")} on ${String(runtime["hostname"] ?? "")}`,
    ],
  ];
  return (
    <section id="server" className="settings-section" aria-labelledby="server-title">
      <h2 id="server-title">Server</h2>
      <dl className="pairs settings-pairs">
        {rows.map(([name, value]) => (
          <div className="pair" key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

interface KeptSectionProps {
  readonly flags: Readonly<Record<string, string>>;
  readonly store: FlowStoreAnswer | null;
}

function KeptSection({ flags, store }: KeptSectionProps) {
  const { zone } = usePageTime();
  const status = useServerStatus();
  const at = (ms: number) => timestampLabel(Math.round(ms / 1000) * 1000, zone);
  return (
    <section id="kept" className="settings-section" aria-labelledby="kept-title">
      <h2 id="kept-title">What is kept</h2>
      <dl className="pairs settings-pairs">
        <dt>Samples</dt>
        <dd>
          {groupThousands(status.data?.seriesCount ?? 0)} series in memory, kept for{" "}
          {flags["storage.tsdb.retention.time"] || "ever"}
          {flags["storage.tsdb.retention.size"]
            ? ` or ${flags["storage.tsdb.retention.size"]}`
            : ""}
        </dd>
        <dt>Flows</dt>
        <dd>
          {store === null
            ? "none: this server takes no flows"
            : `${groupThousands(store.flows)} in ${bytesText(store.bytes)}, kept for ${daysText(store.retentionMs)} or ${bytesText(store.retentionBytes)}`}
          {store !== null && store.oldestMs !== null && `; the oldest is of ${at(store.oldestMs)}`}
          {store !== null && store.lost > 0 && (
            <span className="error-line">; {groupThousands(store.lost)} could not be written</span>
          )}
        </dd>
      </dl>
    </section>
  );
}
