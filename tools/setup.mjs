/**
 * What `npm start`, `npm test` and the other scripts do first on a fresh checkout: see that Node is
 * new enough, install the locked packages where they are missing or older than the lock file, and
 * (`setup.mjs build`) build where the sources are newer than dist/. Plain JavaScript, since nothing
 * is installed yet.
 */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const projectDir = dirname(dirname(fileURLToPath(import.meta.url)));
const installStamp = join(projectDir, "node_modules", ".ciliascope-lock");
const buildStamp = join(projectDir, "dist", ".stamp");

/** Exits with one sentence unless Node is 20.19 or newer. */
function requireNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(`Ciliascope needs Node 20.19 or newer; this is Node ${process.versions.node}.`);
  process.exit(1);
}

function hashFiles(files) {
  const hash = createHash("sha256");
  for (const file of files) hash.update(file).update("\0").update(readFileSync(file));
  return hash.digest("hex");
}

/** `npm ci`, once per lock file. */
function install() {
  const lockHash = hashFiles([join(projectDir, "package-lock.json")]);
  if (existsSync(installStamp) && readFileSync(installStamp, "utf8") === lockHash) return;
  console.error("ciliascope: installing packages (once)");
  const npm = process.env.npm_execpath;
  const command = npm === undefined ? "npm" : process.execPath;
  const args = [
    ...(npm === undefined ? [] : [npm]),
    "ci",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
  ];
  const result = spawnSync(command, args, { cwd: projectDir, stdio: ["ignore", 2, 2] });
  if (result.status !== 0) {
    console.error("ciliascope: `npm ci` failed; see above. The registry must be reachable once.");
    process.exit(1);
  }
  writeFileSync(installStamp, lockHash);
}

function sourceFiles() {
  const files = [
    "package-lock.json",
    "tsconfig.base.json",
    "tsconfig.json",
    "tsconfig.build.json",
  ].map((file) => join(projectDir, file));
  for (const folder of ["src", "web", "tools"]) {
    for (const entry of readdirSync(join(projectDir, folder), { recursive: true })) {
      const file = join(projectDir, folder, entry);
      if (!/\.test\.tsx?$/.test(file) && statSync(file).isFile()) files.push(file);
    }
  }
  return files.sort();
}

/** tools/build.mjs, where a source changed since the last build. */
function build() {
  const sourceHash = hashFiles(sourceFiles());
  if (existsSync(buildStamp) && readFileSync(buildStamp, "utf8") === sourceHash) return;
  console.error("ciliascope: building (once per change)");
  const result = spawnSync(process.execPath, [join(projectDir, "tools", "build.mjs")], {
    cwd: projectDir,
    stdio: ["ignore", 2, 2],
  });
  if (result.status !== 0) process.exit(1);
  writeFileSync(buildStamp, sourceHash);
}

requireNode();
install();
if (process.argv[2] === "build") build();
