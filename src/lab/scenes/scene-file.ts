/** Scenes as files: the package's own by name (scenes/NAME.yaml), anybody's by path. */

import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { AppError, errorMessage } from "../../base/errors.ts";
import { didYouMean } from "../../schema/did-you-mean.ts";
import type { Scene } from "./scene.ts";
import { parseScene } from "./scene-schema.ts";

/** scenes/ of the package, from src/lab/scenes and from dist/lab/scenes alike. */
const sceneDir = resolve(import.meta.dirname, "..", "..", "..", "scenes");

/** Names of the scenes that come with the package. */
export function listSceneNames(): string[] {
  return readdirSync(sceneDir)
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => file.slice(0, -".yaml".length))
    .sort();
}

/** Reads a scene by name or file. Throws AppError `usage` where there is none, ConfigError where it is wrong. */
export function loadScene(nameOrFile: string): Scene {
  const isFile = /[/\\]|\.ya?ml$/.test(nameOrFile);
  const names = listSceneNames();
  if (!isFile && !names.includes(nameOrFile)) {
    throw new AppError(
      "usage",
      `cannot play scene "${nameOrFile}": known are ${names.join(", ")}, or a file (./scene.yaml)${didYouMean(nameOrFile, names)}`,
    );
  }
  const path = isFile ? resolve(nameOrFile) : join(sceneDir, `${nameOrFile}.yaml`);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new AppError("usage", `cannot read scene ${path}: ${errorMessage(cause)}`, { cause });
  }
  return parseScene(text, path);
}
