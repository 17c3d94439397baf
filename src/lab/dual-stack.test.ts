import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../base/clock.ts";
import { silentLogger } from "../base/logger.ts";
import type { Flow } from "../flow/model/flow.ts";
import { type Laboratory, startLaboratory } from "./laboratory.ts";
import { loadScene } from "./scenes/scene-file.ts";

const shield = "shield-generator.endor.svc.cluster.local";
let lab: Laboratory;
const flows: Flow[] = [];

beforeAll(async () => {
  lab = await startLaboratory({
    scene: loadScene("star-wars"),
    ciliumVersion: "1.19",
    clock: systemClock,
    logger: silentLogger,
    seed: 7,
    addressBase: "127.10.0",
    isEphemeral: true,
    hasTraffic: false,
    labDir: undefined,
  });
  lab.context.bus.on("flow", ({ flow }) => flows.push(flow));
});

afterAll(() => lab.stop());

async function exec(pod: string, ...command: string[]): Promise<{ code: number; out: string }> {
  flows.length = 0;
  let out = "";
  const stdout = (bytes: Buffer) => {
    out += bytes.toString();
  };
  const output = { stdout, stderr: () => {} };
  const signal = new AbortController().signal;
  const code = await lab.exec({ namespace: "default", pod, command }, output, signal);
  return { code, out };
}

async function agentPage(): Promise<string> {
  const urls = lab.endpointUrls.filter(({ job }) => job === "cilium-agent");
  const pages = await Promise.all(urls.map(async ({ url }) => (await fetch(url)).text()));
  return pages.join("");
}

/** IP versions of the tiefighter's connections; nodes probe each other by both meanwhile. */
const versionsOfTcp = () =>
  new Set(
    flows
      .filter(({ l4, source }) => l4?.TCP !== undefined && source?.pod_name === "tiefighter")
      .map((flow) => flow.IP?.ipVersion),
  );

describe("a dual-stack scene", () => {
  it("takes a service's IPv6 address where it has one, and IPv4 where that is asked for", async () => {
    const write = ["-s", "-o", "/dev/null", "-w", "%{remote_ip} %{http_code}"];
    // The service fails now and then; the address is what matters.
    const preferred = await exec("tiefighter", "curl", ...write, `${shield}/status`);
    expect(preferred.out).toMatch(/^fd00:10:96::3 \d{3}$/);
    expect(versionsOfTcp()).toEqual(new Set(["IPv6"]));
    const older = await exec("tiefighter", "curl", "-4", ...write, `${shield}/status`);
    expect(older.out).toMatch(/^10\.96\.110\.20 \d{3}$/);
    expect(versionsOfTcp()).toEqual(new Set(["IPv4"]));
  });

  it("answers AAAA for a service with IPv4 only with no data, not with a missing name", async () => {
    const { code, out } = await exec("tiefighter", "curl", "-6", "-s", "deathstar/v1/");
    expect([code, out]).toEqual([6, ""]);
    const answers = flows.flatMap((flow) => (flow.l7?.type === "RESPONSE" ? [flow.l7.dns] : []));
    const last = answers.filter((dns) => dns?.query?.startsWith("deathstar.default.svc") === true);
    expect(last.map((dns) => [dns?.qtypes?.[0], dns?.rcode ?? 0, dns?.ips?.length ?? 0])).toEqual(
      expect.arrayContaining([
        ["A", 0, 1],
        ["AAAA", 0, 0],
      ]),
    );
  });

  it("shows ICMPv6 echoes, and counts what IPv6 has in conntrack and addresses", async () => {
    const { code, out } = await exec("tiefighter", "ping", "-c", "1", "fd00:172:18:1::2");
    expect(code).toBe(0);
    expect(out).toContain("64 bytes from fd00:172:18:1::2");
    const pings = flows.filter(({ IP }) => IP?.ipVersion === "IPv6");
    const types = pings.flatMap((flow) => flow.l4?.ICMPv6?.type ?? []);
    expect(new Set(types)).toEqual(new Set([128, 129]));
    lab.datapath.conntrack("kind-worker")?.collect();
    const page = await agentPage();
    expect(page).toMatch(
      /conntrack_gc_entries\{family="ipv6",protocol="non-TCP",status="alive"\} [1-9]/,
    );
    expect(page).toMatch(/cilium_ip_addresses\{family="ipv6"\} [1-9]/);
    expect(page).toMatch(/cilium_bpf_map_pressure\{map_name="ct6_global"\}/);
  });
});

describe("DNS over TCP", () => {
  it("passes the DNS proxy and leaves flows of TCP with DNS in them", async () => {
    const { code, out } = await exec("tiefighter", "nslookup", "-vc", "deathstar");
    expect([code, out]).toEqual([0, "Name:\tdeathstar\nAddress: 10.96.110.8\n"]);
    const dns = flows.filter((flow) => flow.l7?.dns !== undefined);
    expect(dns.length).toBeGreaterThan(0);
    expect(dns.every((flow) => flow.l4?.TCP !== undefined)).toBe(true);
    const ports = flows.flatMap((flow) => flow.l4?.TCP?.destination_port ?? []);
    expect(ports).toContain(53);
  });
});
