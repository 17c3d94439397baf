/** Builds the browser's half into dist/web. In development /api goes to the server at CILIASCOPE_URL. */

import { resolve } from "node:path";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const server = process.env["CILIASCOPE_URL"] ?? "http://127.0.0.1:9190";
const webDir = import.meta.dirname;

export default defineConfig({
  root: webDir,
  plugins: [react()],
  build: {
    outDir: resolve(webDir, "../dist/web"),
    emptyOutDir: true,
    target: "es2022",
    // The server's Content-Security-Policy allows no data: fonts.
    assetsInlineLimit: 0,
  },
  // The page's own folder web/api is served under /api/ too: only the versioned roots go to the server.
  server: { host: "127.0.0.1", proxy: { "^/api/(v1|v2|ciliascope)/": server } },
});
