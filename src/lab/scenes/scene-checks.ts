/**
 * What of a scene's YAML only shows when its parts are looked at together, or at work: names and
 * addresses given twice, policies and objects that do not parse, command lines that curl refuses, URLs
 * that are none. All of it is found when the scene is loaded, not when it is played.
 */

import { ConfigError, errorMessage } from "../../base/errors.ts";
import { parsePolicies } from "../../policy/document/policy-parse.ts";
import type { DocumentPath } from "../../schema/yaml-document.ts";
import { parseCurlArguments } from "../curl/curl-options.ts";
import { readObjects } from "../objects/object-reader.ts";
import type { Scene, SceneService, SceneTraffic } from "./scene.ts";

const portMax = 65_535;

/** Tells what is wrong at a place of the scene; never returns. `lineWithin`: line of a text in the scene, from 1. */
export type SceneFail = (message: string, at: DocumentPath, lineWithin?: number) => never;

/** Checks a scene that was read. */
export function checkScene(scene: Scene, fail: SceneFail): void {
  checkTwins(scene, fail);
  for (const [index, service] of scene.services.entries())
    checkPorts(service, ["services", index, "ports"], fail);
  for (const [index, { program }] of scene.workloads.entries()) {
    for (const [place, url] of (program.kind === "web" ? program.calls : []).entries())
      checkUrl(url, ["http:"], (message) =>
        fail(message, ["workloads", index, "program", "calls", place]),
      );
  }
  for (const [index, { file, text }] of scene.policies.entries())
    checkText(text, ["policies", index, "text"], fail, () => parsePolicies(text, { file }));
  for (const [index, { action }] of scene.traffic.entries())
    checkAction(action, ["traffic", index], fail);
  for (const [index, { change }] of scene.activities.entries()) {
    if (change.kind !== "toggle") continue;
    const { file, text } = change;
    checkText(text, ["activities", index, "toggle"], fail, () => {
      readObjects(text, file);
      parsePolicies(text, { file, skipsOtherKinds: true });
    });
  }
}

function checkPorts({ name, ports }: SceneService, at: DocumentPath, fail: SceneFail): void {
  if (ports.length === 0) fail(`service "${name}" needs a port`, at);
  for (const [index, { targetPort }] of ports.entries()) {
    if (typeof targetPort !== "number" || (targetPort >= 1 && targetPort <= portMax)) continue;
    const message = `want a port from 1 to ${portMax}, or a port's name, have "${targetPort}"`;
    fail(message, [...at, index, "targetPort"]);
  }
}

/** Names and addresses that only one may have. */
function checkTwins({ workloads, services, world }: Scene, fail: SceneFail): void {
  const seen = new Map<string, string>();
  const claim = (what: string, owner: string, at: DocumentPath): void => {
    const before = seen.get(what);
    if (before !== undefined) fail(`${what} is there twice: ${before} has it already`, at);
    seen.set(what, owner);
  };
  for (const [index, { clusterName, namespace, name, podNames }] of workloads.entries()) {
    const at = ["workloads", index] as const;
    const owner = `workloads[${index}]`;
    claim(`workload ${namespace}/${name} (${clusterName})`, owner, [...at, "name"]);
    for (const [place, pod] of podNames.entries())
      claim(`pod ${namespace}/${pod} (${clusterName})`, owner, [...at, "pods", place]);
  }
  for (const [index, service] of services.entries()) {
    const { clusterName, namespace, name, clusterAddress, clusterAddress6 } = service;
    const at = ["services", index] as const;
    const owner = `services[${index}]`;
    claim(`service ${namespace}/${name} (${clusterName})`, owner, [...at, "name"]);
    claim(`address ${clusterAddress} (${clusterName})`, owner, [...at, "address"]);
    if (clusterAddress6 !== undefined)
      claim(`address ${clusterAddress6} (${clusterName})`, owner, [...at, "address6"]);
  }
  for (const [index, { name, address }] of world.entries()) {
    claim(`world server ${name}`, `world[${index}]`, ["world", index, "name"]);
    claim(`address ${address} (world)`, `world[${index}]`, ["world", index, "address"]);
  }
}

/** YAML within the scene: its own error, and where that is in the scene. */
function checkText(text: string, at: DocumentPath, fail: SceneFail, read: () => void): void {
  try {
    read();
  } catch (thrown) {
    const line = thrown instanceof ConfigError ? thrown.line : undefined;
    // A text of several lines begins below its key, one of a single line beside it.
    const isBlock = text.includes("\n");
    fail(errorMessage(thrown), at, line === undefined || isBlock ? line : line - 1);
  }
}

function checkAction(action: SceneTraffic["action"], at: DocumentPath, fail: SceneFail): void {
  if (action.kind === "websocket")
    checkUrl(action.url, ["ws:"], (message) => fail(message, [...at, "websocket"]));
  if (action.kind !== "curl") return;
  const line = parseCurlArguments(action.args);
  if (line.kind === "error") fail(line.message, [...at, "curl"]);
  if (line.kind === "text") fail("this command line only prints a text", [...at, "curl"]);
}

function checkUrl(
  text: string,
  protocols: readonly string[],
  fail: (message: string) => never,
): void {
  const wanted = protocols.map((protocol) => `${protocol}//HOST/`).join(" or ");
  if (!URL.canParse(text) || !protocols.includes(new URL(text).protocol))
    fail(`want a URL as ${wanted}, have "${text}"`);
}
