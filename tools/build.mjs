/**
 * Builds dist/: the server's TypeScript as JavaScript, and the browser's bundle in dist/web. Works in
 * dist.new/ and swaps at the end, so that a failed build leaves the old one in place.
 */

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const projectDir = dirname(dirname(fileURLToPath(import.meta.url)));
const stagingDir = join(projectDir, "dist.new");
const distDir = join(projectDir, "dist");

function run(label, script, args) {
  const result = spawnSync(process.execPath, [join(projectDir, "node_modules", script), ...args], {
    cwd: projectDir,
    stdio: "inherit",
  });
  if (result.status !== 0) {
    console.error(`build: ${label} failed`);
    rmSync(stagingDir, { recursive: true, force: true });
    process.exit(1);
  }
}

rmSync(stagingDir, { recursive: true, force: true });
run("the server", "typescript/bin/tsc", ["-p", "tsconfig.build.json", "--outDir", stagingDir]);
run("the browser's part", "vite/bin/vite.js", [
  "build",
  "--config",
  "web/vite.config.ts",
  "--outDir",
  join(stagingDir, "web"),
  "--logLevel",
  "warn",
]);
const { version } = JSON.parse(readFileSync(join(projectDir, "package.json"), "utf8"));
writeFileSync(join(stagingDir, "version.json"), `${JSON.stringify({ version })}\n`);
if (existsSync(distDir)) rmSync(distDir, { recursive: true });
renameSync(stagingDir, distDir);
