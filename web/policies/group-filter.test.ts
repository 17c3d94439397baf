import { expect, it } from "vitest";
import { groupFilter } from "./group-filter.ts";

it.each([
  [
    ["default/lander", "default/deathstar", "TCP/80"],
    "--from-pod default/lander --to-pod default/deathstar --to-port 80 --protocol tcp",
  ],
  [
    ["host", "world (docs.cilium.io.)", "TCP/443"],
    "--from-identity host --to-fqdn docs.cilium.io --to-port 443 --protocol tcp",
  ],
  [
    ["world (192.0.2.7)", "shop/it's; $(x)", "ICMP/8"],
    "--from-ip 192.0.2.7 --to-pod 'shop/it'\\''s; $(x)' --protocol icmpv4",
  ],
])("filters the flows of %s", ([source = "", destination = "", service = ""], filter) => {
  expect(groupFilter({ source, destination, service }, true)).toBe(filter);
  expect(groupFilter({ source, destination, service }, false)).toBe(`${filter} --verdict DROPPED`);
});
