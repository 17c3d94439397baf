/** Names of the objects that hold policy, as kubectl takes them: kinds, resources in one or many, short names. */

const kinds: Readonly<Record<string, readonly string[]>> = {
  CiliumNetworkPolicy: ["cnp", "ciliumnp"],
  CiliumClusterwideNetworkPolicy: ["ccnp"],
  NetworkPolicy: ["netpol", "knp"],
};

/** "cnp", "ciliumnetworkpolicies", "CiliumNetworkPolicy" → CiliumNetworkPolicy; undefined = no such kind. */
export function policyKindOf(name: string): string | undefined {
  const lower = name.toLowerCase();
  for (const [kind, short] of Object.entries(kinds)) {
    const singular = kind.toLowerCase();
    const plural = `${singular.slice(0, -1)}ies`;
    if (lower === singular || lower === plural || short.includes(lower)) return kind;
  }
  return undefined;
}
