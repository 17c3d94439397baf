/** Reads the project's sources for the tests that check the house: files, and what each imports. */

import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";

/** One import of a file. */
export interface Import {
  /** As written: "./head.ts", "node:fs", "yaml". */
  readonly specifier: string;
  /** Path from the project's folder where the import is relative, else undefined. */
  readonly target: string | undefined;
}

/** One source file. */
export interface SourceFile {
  /** Path from the project's folder, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly lineCount: number;
  readonly imports: readonly Import[];
}

const projectDir = resolve(import.meta.dirname, "..");
const importPattern =
  /(?:^|\n)\s*(?:import|export)\s[^"';]*?from\s*"([^"]+)"|(?:^|\n)\s*import\s*"([^"]+)"|import\(\s*"([^"]+)"\s*\)|new URL\(\s*"(\.[^"]+)",\s*import\.meta\.url/g;

/** Every .ts and .tsx file below `folders`; generated files and test data are left out of nothing. */
export function readSourceTree(folders: readonly string[]): SourceFile[] {
  const files: SourceFile[] = [];
  for (const folder of folders) {
    for (const entry of readdirSync(join(projectDir, folder), { recursive: true })) {
      const file = join(projectDir, folder, String(entry));
      if (!/\.tsx?$/.test(file) || !statSync(file).isFile()) continue;
      const text = readFileSync(file, "utf8");
      files.push({
        path: toPath(file),
        text,
        lineCount: text.split("\n").length,
        imports: readImports(file, text),
      });
    }
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function readImports(file: string, text: string): Import[] {
  return [...text.matchAll(importPattern)].map((match) => {
    const specifier = (match[1] ?? match[2] ?? match[3] ?? match[4]) as string;
    const isRelative = specifier.startsWith(".");
    return {
      specifier,
      target: isRelative ? toPath(resolve(dirname(file), specifier)) : undefined,
    };
  });
}

function toPath(file: string): string {
  return relative(projectDir, file).split(sep).join("/");
}
