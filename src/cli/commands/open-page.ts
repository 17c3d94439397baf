/** Opens a page in the user's browser with the desktop's own opener; a machine without one is told the address. */

import { spawn } from "node:child_process";

const openers: Readonly<Record<string, readonly string[]>> = {
  darwin: ["open"],
  win32: ["cmd", "/c", "start", ""],
};

/** Starts the opener and does not wait; `onFailure` is called where there is none. */
export function openPage(url: string, onFailure: (why: string) => void): void {
  const [command = "xdg-open", ...args] = openers[process.platform] ?? ["xdg-open"];
  const child = spawn(command, [...args, url], { stdio: "ignore", detached: true });
  child.on("error", (thrown) => onFailure(thrown.message));
  child.unref();
}
