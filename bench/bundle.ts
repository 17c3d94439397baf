/** Bytes that the page's first load takes, gzipped: index.html and all that it names. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { projectDir } from "../apptest/app-test.ts";

export interface BundleSize {
  readonly file: string;
  readonly gzipBytes: number;
}

/** index.html, its scripts, preloads, styles and the fonts that the styles name (fonts are compressed already). */
export function firstLoadSizes(): BundleSize[] {
  const webDir = join(projectDir, "dist", "web");
  const index = readFileSync(join(webDir, "index.html"), "utf8");
  const files = new Set(
    [...index.matchAll(/(?:src|href)="\/([^"]+)"/g)].map((match) => match[1] as string),
  );
  for (const style of [...files].filter((file) => file.endsWith(".css"))) {
    const text = readFileSync(join(webDir, style), "utf8");
    for (const match of text.matchAll(/url\(\/?([^)"']+\.woff2)\)/g))
      files.add((match[1] as string).replace(/^\.\//, "assets/"));
  }
  return ["index.html", ...files].map((file) => {
    const bytes = readFileSync(join(webDir, file));
    return { file, gzipBytes: file.endsWith(".woff2") ? bytes.length : gzipSync(bytes).length };
  });
}
