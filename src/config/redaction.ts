/**
 * What of a configuration may be shown. Secrets that a schema knows are Secret objects and print as
 * `<secret>` by themselves; parts that no schema reads yet (remote_write…) are redacted by the names
 * of their keys, and passwords in URLs everywhere. Absent and empty values are left out.
 */

import { redacted, Secret } from "../schema/scalars.ts";

/** Keys whose texts are secret in any part of a Prometheus or Alertmanager configuration. */
const secretKey =
  /(?:^|_)(?:password|secret|token|credentials|key|secrets|api_key|access_key|secret_key|sas|passphrase)$/i;
/** Keys that look secret and are not. */
const openKeys = new Set(["routing_key_file", "key_file", "target_key", "label_key"]);

/** A copy for printing: no secrets, nothing empty, keys in the order of the input. */
export function printableConfig(value: unknown): unknown {
  return printable(value, "") ?? {};
}

function printable(value: unknown, key: string): unknown {
  if (value === undefined || value === null) return undefined;
  if (value instanceof Secret) return redacted;
  if (Array.isArray(value)) {
    const items = value.map((item) => printable(item, key)).filter((item) => item !== undefined);
    return items.length === 0 ? undefined : items;
  }
  if (typeof value === "object") return printableMapping(value);
  if (typeof value !== "string") return value;
  if (secretKey.test(key) && !openKeys.has(key)) return redacted;
  return withoutUrlPassword(value);
}

function printableMapping(value: object): unknown {
  const copy: Record<string, unknown> = {};
  for (const [name, entry] of Object.entries(value)) {
    const part = printable(entry, name);
    if (part !== undefined) copy[name] = part;
  }
  return Object.keys(copy).length === 0 ? undefined : copy;
}

/** `https://user:xxxxx@host`, as Go's URL.Redacted. */
function withoutUrlPassword(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/[^/?#@:]*):[^/?#@]*@/i, "$1:xxxxx@");
}
