/** The flows behind a group of a replay as a filter line of the flows page. */

import type { WireReplayChange } from "../../src/api/wire/policy.ts";
import { quoteValue } from "../flows/filter-text.ts";

/** "--from-pod default/lander --to-pod default/deathstar --to-port 80 --protocol tcp"; refused flows where they would pass. */
export function groupFilter(
  { source, destination, service }: Pick<WireReplayChange, "source" | "destination" | "service">,
  isLost: boolean,
): string {
  const [protocol = "TCP", port] = service.split(" ")[0]?.split("/") ?? [];
  const isIcmp = protocol.startsWith("ICMP");
  const words = [...endWords("from", source), ...endWords("to", destination)];
  if (!isIcmp && port !== undefined) words.push("--to-port", port);
  words.push("--protocol", isIcmp ? icmpOf(protocol) : protocol.toLowerCase());
  if (!isLost) words.push("--verdict", "DROPPED");
  return words.join(" ");
}

function icmpOf(protocol: string): string {
  return protocol === "ICMP" ? "icmpv4" : "icmpv6";
}

/** "default/web", "world (docs.cilium.io)", "world (192.0.2.7)", "host". */
function endWords(side: "from" | "to", name: string): string[] {
  // Workloads begin their pods' names, and the filter takes the beginning of a name.
  if (name.includes("/")) return [`--${side}-pod`, quoteValue(name)];
  const outside = /^world \((.+)\)$/.exec(name)?.[1];
  if (outside === undefined)
    return name === "unknown" ? [] : [`--${side}-identity`, quoteValue(name)];
  if (outside === "?") return [`--${side}-identity`, "world"];
  const isAddress = /^[\d.]+$/.test(outside) || outside.includes(":");
  return isAddress
    ? [`--${side}-ip`, outside]
    : [`--${side}-fqdn`, quoteValue(outside.replace(/\.$/, ""))];
}
