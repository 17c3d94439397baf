/** Checks what Biome cannot: the walls between rooms, public files, file length, banned names and words, dead files. */

import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { type Room, rooms, webImports } from "./layers.ts";
import { type Import, readSourceTree, type SourceFile } from "./source-tree.ts";

const fileLinesMax = 600;
const bannedFileNames = /(^|\/)(utils?|helpers?|common|misc|types|index)\.tsx?$/;
const projectDir = resolve(import.meta.dirname, "..");
const tree = readSourceTree(["src", "web", "tools", "conformance", "apptest", "bench"]);
const sources = tree.filter((file) => !file.path.includes("/generated/"));
const server = sources.filter((file) => file.path.startsWith("src/"));
const isTest = (path: string) =>
  /\.(test|contract|fuzz)\.tsx?$/.test(path) || path.includes("/testing/");
/** Programs and pages: nobody imports them. */
const entryPoints = new Set([
  "src/cli/main.ts",
  "src/lab/lab-process.ts",
  "web/vite.config.ts",
  "web/main.tsx",
]);

function roomOf(path: string): Room | undefined {
  const below = path.replace(/^src\//, "");
  return rooms
    .filter((room) => below.startsWith(`${room.folder}/`))
    .sort((a, b) => b.folder.length - a.folder.length)[0];
}

function isPublic(room: Room, path: string): boolean {
  const file = path.slice(`src/${room.folder}/`.length);
  return room.publicFiles.includes("*") || room.publicFiles.includes(file);
}

/** Why `file` may not import `target`, or undefined. */
function wallBroken(file: SourceFile, target: string): string | undefined {
  const from = roomOf(file.path);
  const to = roomOf(target);
  if (from === undefined || to === undefined || from === to) return undefined;
  if (to.layer >= from.layer && !(from.mayImport ?? []).includes(to.folder) && !isTest(file.path)) {
    return `${file.path}: ${from.folder} (layer ${from.layer}) must not import ${to.folder} (layer ${to.layer})`;
  }
  return isPublic(to, target)
    ? undefined
    : `${file.path}: ${target} is not a public file of ${to.folder}`;
}

function browserUnsafe(room: Room, used: Import): boolean {
  if (used.target !== undefined) return false;
  if (used.specifier.startsWith("node:")) return true;
  return !(room.packages ?? []).includes(used.specifier.split("/")[0] as string);
}

describe("the house", () => {
  it("has every folder of src/ in tools/layers.ts", () => {
    const strays = server.filter((file) => roomOf(file.path) === undefined);
    expect(strays.map((file) => file.path)).toEqual([]);
  });

  it("has no room in tools/layers.ts whose public files are missing", () => {
    const missing = rooms.flatMap((room) =>
      existsSync(join(projectDir, "src", room.folder))
        ? room.publicFiles
            .filter(
              (name) => name !== "*" && !existsSync(join(projectDir, "src", room.folder, name)),
            )
            .map((name) => `${room.folder}/${name}`)
        : [],
    );
    expect(missing).toEqual([]);
  });

  it("imports downwards only, and only public files", () => {
    const broken = server.flatMap((file) =>
      file.imports.flatMap((used) =>
        used.target === undefined ? [] : (wallBroken(file, used.target) ?? []),
      ),
    );
    expect(broken).toEqual([]);
  });

  it("keeps browser-safe rooms free of node: imports and of packages not granted", () => {
    const broken = server
      .filter((file) => !isTest(file.path))
      .flatMap((file) => {
        const room = roomOf(file.path);
        if (room === undefined || !room.isBrowserSafe) return [];
        return file.imports
          .filter((used) => browserUnsafe(room, used))
          .map((used) => `${file.path}: ${used.specifier}`);
      });
    expect(broken).toEqual([]);
  });

  it("lets the browser's code import only what is granted to it", () => {
    const granted = (target: string) =>
      webImports.some((place) => target === `src/${place}` || target.startsWith(`src/${place}/`));
    const broken = sources
      .filter((file) => file.path.startsWith("web/") && !isTest(file.path))
      .flatMap((file) =>
        file.imports
          .filter((used) => used.target?.startsWith("src/") && !granted(used.target))
          .map((used) => `${file.path}: ${used.target}`),
      );
    expect(broken).toEqual([]);
  });

  it(`has no file of more than ${fileLinesMax} lines`, () => {
    const long = sources.filter((file) => file.lineCount > fileLinesMax);
    expect(long.map((file) => `${file.path}: ${file.lineCount}`)).toEqual([]);
  });

  it("has no file that is named for nothing", () => {
    expect(
      sources.filter((file) => bannedFileNames.test(file.path)).map((file) => file.path),
    ).toEqual([]);
  });

  it("begins every file with a comment that says what it owns", () => {
    const bare = sources.filter(
      (file) => !/^(\/\/ @vitest[^\n]*\n+)?\/(\*\*|\/)/.test(file.text) && !isTest(file.path),
    );
    expect(bare.map((file) => file.path)).toEqual([]);
  });

  it("has none of the banned words", () => {
    const banned: readonly (readonly [RegExp, string])[] = [
      [/\bFIX[M]E\b/, "an issue instead"],
      [/\b(it|test|describe|suite)\.only\(/, "run one test by its name instead"],
      [/\bDate\.now\(/, "a Clock instead"],
      [/\bTODO\b(?!\(#\d+\))/, "TODO(#issue) instead"],
    ];
    const found = sources
      .filter((file) => file.path !== "src/base/clock.ts" && file.path !== "tools/tidy.test.ts")
      .filter(
        (file) =>
          !/^(web|apptest|bench|tools|conformance)\//.test(file.path) ||
          !/Date\.now/.test(file.text),
      )
      .flatMap((file) =>
        banned
          .filter(([word]) => word.test(file.text))
          .map(([word, mend]) => `${file.path}: ${word.source}, ${mend}`),
      );
    expect(found).toEqual([]);
  });

  it("has no dead file in src/ and web/", () => {
    const imported = new Set(
      tree
        .filter((file) => !isTest(file.path))
        .flatMap((file) =>
          file.imports.map((used) => used.target).filter((target) => target !== undefined),
        ),
    );
    const dead = sources.filter(
      (file) =>
        /^(src|web)\//.test(file.path) &&
        !isTest(file.path) &&
        !file.path.endsWith(".d.ts") &&
        !entryPoints.has(file.path) &&
        !imported.has(file.path),
    );
    expect(dead.map((file) => file.path)).toEqual([]);
  });

  it("has a reason on every line of expected-failures.txt, and no case twice", () => {
    const lines = readFileSync(join(projectDir, "conformance", "expected-failures.txt"), "utf8")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
    const cases = lines.map(
      (line) => /^(\S+ .+?): \S.{9,}$/.exec(line)?.[1] ?? `no reason: ${line}`,
    );
    expect(cases.filter((name) => name.startsWith("no reason"))).toEqual([]);
    expect(cases.filter((name, index) => cases.indexOf(name) !== index)).toEqual([]);
  });
});
