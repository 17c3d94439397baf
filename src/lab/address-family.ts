/** Which family an address is of, and which of an endpoint's addresses is of a family. */

/** Families in the order in which agents list them. */
export const addressFamilies = ["ipv4", "ipv6"] as const;
/** One of the families above. */
export type AddressFamily = (typeof addressFamilies)[number];

/** The family of a well-formed address. */
export function familyOf(address: string): AddressFamily {
  return address.includes(":") ? "ipv6" : "ipv4";
}

/** Something with an IPv4 address and, in a dual-stack scene, an IPv6 one. */
export interface DualAddress {
  readonly address: string;
  readonly address6: string | undefined;
}

/** Its address of that family. */
export function addressOn(
  { address, address6 }: DualAddress,
  family: AddressFamily,
): string | undefined {
  return family === "ipv4" ? address : address6;
}

/** "10.0.1.5:80", "[fd00:10:1:1::5]:80". */
export function hostPort(address: string, port: number): string {
  return familyOf(address) === "ipv4" ? `${address}:${port}` : `[${address}]:${port}`;
}

/** All its addresses, IPv4 first. */
export function addressesOf({ address, address6 }: DualAddress): readonly string[] {
  return address6 === undefined ? [address] : [address, address6];
}
