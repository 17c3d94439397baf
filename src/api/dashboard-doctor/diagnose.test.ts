import { describe, expect, it } from "vitest";
import { labelsFromObject } from "../../model/labels.ts";
import { MemoryStorage } from "../../storage/memory-storage.ts";
import { testSources } from "../testing/test-app.ts";
import { diagnose } from "./diagnose.ts";

const windowMs = { fromMs: 0, toMs: 300_000 };

function storageOf(...series: readonly Record<string, string>[]): MemoryStorage {
  const storage = new MemoryStorage();
  const appender = storage.appender();
  for (const one of series) {
    const labels = labelsFromObject(one);
    for (let i = 0; i <= 20; i++) appender.append(0, labels, i * 15_000, 0);
  }
  appender.commit();
  return storage;
}

const hubble = storageOf(
  { __name__: "hubble_dns_queries_total", rcode: "", qtypes: "A" },
  { __name__: "hubble_flows_processed_total", type: "L7", verdict: "FORWARDED" },
  { __name__: "hubble_tcp_flags_total", flag: "SYN", family: "IPv4" },
  { __name__: "cilium_bpf_map_pressure", map_name: "ct", pod: "a" },
  { __name__: "cilium_endpoint", pod: "a" },
  { __name__: "cilium_endpoint", pod: "b", zone: "x" },
);

async function ask(expr: string, queryable = hubble) {
  const sources = testSources({ queryable });
  const request = { ...windowMs, queries: [{ refId: "A", expr }] };
  const findings = await diagnose(sources, request, new AbortController().signal);
  return findings.map(({ cause, what, why, mend, helm, didYouMean }) => ({
    cause,
    text: [what, why, mend].join(" ").trim(),
    helm: helm?.join(" ") ?? "",
    near: didYouMean ?? "",
  }));
}

describe("the panel doctor", () => {
  it("names the missing label, the handler's option and its Helm line", async () => {
    const [found] = await ask('sum(rate(hubble_dns_queries_total{query=~"a.+"}[1m])) by (query)');
    expect(found?.cause).toBe("label");
    expect(found?.text).toContain(
      "The label `query` does not exist on `hubble_dns_queries_total`. The panel needs it; the dns handler has it only with option `query`.",
    );
    expect(found?.helm).toBe('--set hubble.metrics.enabled="{…,dns:query}"');
  });

  it("says which context option gives a label of the two ends", async () => {
    const [found] = await ask('hubble_flows_processed_total{source_workload="x"}');
    expect(found?.text).toContain("only with option `labelsContext`");
    expect(found?.helm).toContain("flow:labelsContext=source_workload");
  });

  it("names the handler of a metric that is not there", async () => {
    const [found] = await ask("rate(hubble_icmp_total[1m])");
    expect(found?.cause).toBe("metric");
    expect(found?.helm).toBe('--set hubble.metrics.enabled="{…,icmp}"');
  });

  it("knows metrics that the agent exports only when asked", async () => {
    const [found] = await ask("rate(cilium_bpf_syscall_duration_seconds_count[1m])");
    expect(found?.helm).toContain(
      '--set prometheus.metrics="{+cilium_bpf_syscall_duration_seconds}"',
    );
  });

  it("tells a counter of a scraped agent that counted nothing yet", async () => {
    const [found] = await ask("rate(cilium_policy_import_errors_total[1m])").then((list) => list);
    const [other] = await ask("rate(cilium_drop_count_total[1m])");
    expect(found).toBeDefined();
    expect(other?.text).toContain("appears with the first event");
  });

  it("asks whether a near name was meant", async () => {
    const [found] = await ask("cilium_bpf_map_presure");
    expect(found?.near).toBe("cilium_bpf_map_pressure");
  });

  it("names the value that no series has, and IPv6's switch", async () => {
    const [value] = await ask('hubble_tcp_flags_total{flag="SYNC"}');
    expect(value).toMatchObject({ cause: "value", near: "SYN" });
    const [family] = await ask('hubble_tcp_flags_total{family="IPv6"}');
    expect(family?.helm).toBe("--set ipv6.enabled=true");
  });

  it("names the matcher that is one too many", async () => {
    const [found] = await ask('cilium_endpoint{pod="a",zone="x"}');
    expect(found?.cause).toBe("combination");
  });

  it("calls it a true zero where a comparison leaves nothing over", async () => {
    const [found] = await ask("sum(cilium_endpoint) by (pod) > 0");
    expect(found).toMatchObject({ cause: "zero" });
    expect(found?.text).toContain("No series was > 0 in this window.");
  });

  it("says that two sides have no partners, and a range too short for a rate", async () => {
    expect((await ask("cilium_endpoint * cilium_bpf_map_pressure"))[0]?.cause).toBe("pairing");
    expect((await ask("sum(rate(cilium_endpoint[5s]))"))[0]?.cause).toBe("samples");
  });

  it("finds nothing where there is a result, and quotes what does not parse", async () => {
    expect(await ask("cilium_endpoint")).toEqual([]);
    expect((await ask("sum("))[0]?.cause).toBe("syntax");
  });

  it("does not mistake an empty window for a missing metric", async () => {
    const sources = testSources({ queryable: hubble });
    const request = {
      fromMs: 3_600_000,
      toMs: 3_700_000,
      queries: [{ refId: "A", expr: "cilium_endpoint" }],
    };
    const [found] = await diagnose(sources, request, new AbortController().signal);
    expect(found?.cause).not.toBe("metric");
  });
});
