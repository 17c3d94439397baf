/**
 * The walls of the house (STYLE.md 4.2, docs/ARCHITECTURE.md): each room's layer, its public files,
 * and whether a browser can run it. Imports point to a lower layer or stay in the room; rooms of one
 * layer do not see each other; from outside only public files may be imported. tidy.test.ts checks it.
 */

/** One room of `src/`. */
export interface Room {
  /** Folder below src/. The longest folder that contains a file owns it. */
  readonly folder: string;
  readonly layer: number;
  /** Files that others may import, relative to the folder; "*" = all (browser-safe leaves of plain facts). */
  readonly publicFiles: readonly string[];
  /** No `node:` imports, no dependency on the file system. */
  readonly isBrowserSafe: boolean;
  /** npm packages a browser-safe room may import. */
  readonly packages?: readonly string[];
  /** Exceptions to "down only", each argued in docs/ARCHITECTURE.md. */
  readonly mayImport?: readonly string[];
}

export const rooms: readonly Room[] = [
  { folder: "base", layer: 0, publicFiles: ["*"], isBrowserSafe: true, packages: [] },
  {
    folder: "model",
    layer: 0,
    publicFiles: ["*"],
    isBrowserSafe: true,
    packages: ["re2js"],
    mayImport: ["base"],
  },

  { folder: "flow/model", layer: 1, publicFiles: ["*"], isBrowserSafe: true, packages: ["re2js"] },
  {
    folder: "flow/filter",
    layer: 1,
    publicFiles: ["*"],
    isBrowserSafe: true,
    packages: ["re2js"],
    mayImport: ["flow/model"],
  },
  {
    folder: "promql",
    layer: 1,
    publicFiles: [
      "ast.ts",
      "parser.ts",
      "printer.ts",
      "value-type.ts",
      "functions/signatures.ts",
      "testing/query-generator.ts",
    ],
    isBrowserSafe: true,
    packages: [],
  },
  {
    folder: "schema",
    layer: 1,
    publicFiles: ["*"],
    isBrowserSafe: true,
    packages: ["yaml", "zod"],
  },

  {
    folder: "storage",
    layer: 2,
    publicFiles: ["storage.ts", "memory-storage.ts"],
    isBrowserSafe: true,
    packages: [],
  },
  { folder: "metrics", layer: 2, publicFiles: ["*"], isBrowserSafe: false },
  {
    folder: "relabel",
    layer: 2,
    publicFiles: ["*"],
    isBrowserSafe: true,
    packages: ["re2js", "zod"],
  },
  { folder: "textparse", layer: 2, publicFiles: ["*"], isBrowserSafe: true, packages: [] },
  { folder: "dashboard", layer: 2, publicFiles: ["*"], isBrowserSafe: true, packages: [] },

  {
    folder: "tsdb",
    layer: 3,
    publicFiles: [
      "tsdb.ts",
      "tsdb-options.ts",
      "data-lock.ts",
      "offline.ts",
      "sample-size.ts",
      // For remote read, which sends chunks and snappy blocks as they are on disk, and gives way meanwhile.
      "block/time-slice.ts",
      "byte-writer.ts",
      "compaction/chunk-encoder.ts",
      "crc32c.ts",
      "wal/snappy.ts",
    ],
    isBrowserSafe: false,
  },
  {
    folder: "promql/engine",
    layer: 3,
    publicFiles: [
      "engine.ts",
      "query-result.ts",
      // For the test scripts, which read and compare histograms.
      "go-math.ts",
      "histogram/bucket-layout.ts",
      "histogram/histogram-sum.ts",
      "histogram/histogram-value.ts",
    ],
    isBrowserSafe: false,
  },
  { folder: "httpclient", layer: 3, publicFiles: ["*"], isBrowserSafe: false },
  { folder: "kubernetes", layer: 3, publicFiles: [], isBrowserSafe: false },
  // Policies in five rooms, each built on those before it.
  {
    folder: "policy/selector",
    layer: 3,
    publicFiles: ["*"],
    isBrowserSafe: true,
    packages: [],
  },
  {
    folder: "policy/document",
    layer: 3,
    publicFiles: ["*"],
    isBrowserSafe: true,
    packages: ["yaml"],
    mayImport: ["policy/selector"],
  },
  {
    folder: "policy/engine",
    layer: 3,
    publicFiles: ["*"],
    isBrowserSafe: true,
    packages: [],
    mayImport: ["policy/selector", "policy/document"],
  },
  {
    folder: "policy/traffic",
    layer: 3,
    publicFiles: ["*"],
    isBrowserSafe: true,
    packages: [],
    mayImport: ["policy/selector", "policy/document", "policy/engine"],
  },
  {
    folder: "policy/review",
    layer: 3,
    publicFiles: ["*"],
    isBrowserSafe: true,
    packages: [],
    mayImport: ["policy/selector", "policy/document", "policy/engine", "policy/traffic"],
  },
  { folder: "flow", layer: 3, publicFiles: ["*"], isBrowserSafe: false },

  { folder: "discovery", layer: 4, publicFiles: ["*"], isBrowserSafe: false },
  { folder: "alerting", layer: 4, publicFiles: [], isBrowserSafe: false },
  { folder: "flowmetrics", layer: 4, publicFiles: ["*"], isBrowserSafe: false },
  { folder: "remote", layer: 4, publicFiles: ["*"], isBrowserSafe: false },

  { folder: "scrape", layer: 5, publicFiles: ["*"], isBrowserSafe: false },
  { folder: "rules", layer: 5, publicFiles: [], isBrowserSafe: false },
  { folder: "datadog", layer: 5, publicFiles: [], isBrowserSafe: false },
  { folder: "cilium", layer: 5, publicFiles: ["*"], isBrowserSafe: false },

  { folder: "api", layer: 6, publicFiles: ["*"], isBrowserSafe: false },
  { folder: "config", layer: 6, publicFiles: ["*"], isBrowserSafe: false },

  {
    folder: "server",
    layer: 7,
    publicFiles: [
      "server.ts",
      "server-options.ts",
      "flow-keeping.ts",
      "chosen-flow-metrics.ts",
      "flow-metrics-page.ts",
      "pino-logger.ts",
      "port-holder.ts",
    ],
    isBrowserSafe: false,
  },
  {
    folder: "lab",
    layer: 7,
    publicFiles: ["lab.ts", "lab-client.ts", "lab-cluster-view.ts"],
    isBrowserSafe: false,
  },

  { folder: "cli", layer: 8, publicFiles: ["main.ts"], isBrowserSafe: false },
];

/** What the browser's code may import from src/ (folders or files). */
export const webImports: readonly string[] = [
  "api/wire",
  "dashboard",
  "flow/model",
  "flow/filter",
  "promql/ast.ts",
  "promql/parser.ts",
  "promql/printer.ts",
  "promql/functions/signatures.ts",
  "model",
  "base",
];
