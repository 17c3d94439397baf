/** Services and CIDR groups, as far as policies look at them. */

import type { CidrGroup, ServiceFacts } from "./policy-document.ts";
import type { YamlCursor } from "./yaml-cursor.ts";

/** Reads a v1 Service. */
export function parseServiceFacts(cursor: YamlCursor, fallbackNamespace: string): ServiceFacts {
  const metadata = cursor.field("metadata");
  const selector = cursor.field("spec")?.field("selector");
  return {
    name: nameOf(cursor),
    namespace: metadata?.field("namespace")?.text() || fallbackNamespace,
    labels: readMap(metadata?.field("labels")),
    selector: selector === undefined ? undefined : readMap(selector),
    // A convenience of ours: Kubernetes keeps these in EndpointSlices.
    backends: cursor
      .field("backends")
      ?.items()
      .map((item) => item.text()),
  };
}

/** Reads a CiliumCIDRGroup. */
export function parseCidrGroup(cursor: YamlCursor): CidrGroup {
  const cidrs = cursor.field("spec")?.field("externalCIDRs");
  return {
    name: nameOf(cursor),
    labels: readMap(cursor.field("metadata")?.field("labels")),
    cidrs: (cidrs?.items() ?? []).map((item) => item.text()),
  };
}

function nameOf(cursor: YamlCursor): string {
  const metadata = cursor.field("metadata");
  return metadata?.field("name")?.text() ?? (metadata ?? cursor).fail("metadata.name is missing");
}

/** Reads a mapping of texts. */
export function readMap(cursor: YamlCursor | undefined): Record<string, string> {
  return Object.fromEntries((cursor?.entries() ?? []).map(([key, value]) => [key, value.text()]));
}
