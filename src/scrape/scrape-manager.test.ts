import { describe, expect, it } from "vitest";
import { FakeClock } from "../base/clock.ts";
import { silentLogger } from "../base/logger.ts";
import { parseConfig } from "../config/config.ts";
import { type HttpAnswer, HttpClientError, type HttpGet } from "../httpclient/http-client.ts";
import { Registry } from "../metrics/registry.ts";
import { createMatcher } from "../model/matcher.ts";
import { SampleBuffer } from "../model/sample.ts";
import { MemoryStorage } from "../storage/memory-storage.ts";
import { ScrapeManager } from "./scrape-manager.ts";

const startMs = 1_700_000_000_000;

/** A manager on a fake clock whose targets answer what `bodies` says, by path. */
function setUp(yaml: string) {
  const clock = new FakeClock(startMs);
  const storage = new MemoryStorage();
  const registry = new Registry();
  const bodies = new Map<string, string | HttpAnswer | HttpClientError>();
  const asked: HttpGet[] = [];
  /** While set, requests wait for it. */
  const gate: { opens: Promise<void> | undefined } = { opens: undefined };
  const manager = new ScrapeManager({
    clock,
    logger: silentLogger,
    appendable: storage,
    registry,
    externalHost: "outside",
    createClient: () => ({
      async get(request) {
        asked.push(request);
        await gate.opens;
        const body = bodies.get(new URL(request.url).pathname) ?? "";
        if (body instanceof HttpClientError) throw body;
        return typeof body === "string" ? answer(body) : body;
      },
      close() {},
    }),
  });
  const apply = (text: string) => manager.applyConfig(parseConfig(text).config);
  apply(yaml);
  /** Samples of all series that match, "stale" for markers, oldest first. */
  const read = async (name: string, labels: Record<string, string> = {}): Promise<string[]> => {
    const matchers = [createMatcher("=", "__name__", name)];
    for (const [label, value] of Object.entries(labels)) {
      matchers.push(createMatcher("=", label, value));
    }
    const querier = storage.querier(0, startMs * 2);
    const { series } = await querier.select(matchers, { startMs: 0, endMs: startMs * 2 });
    return series.flatMap((one) => {
      const buffer = new SampleBuffer();
      one.readSamples(buffer, 0, startMs * 2);
      return Array.from({ length: buffer.count }, (_, i) =>
        buffer.isStale(i) ? "stale" : String(buffer.values[i]),
      );
    });
  };
  const counter = (name: string): number => {
    const family = registry.get(name);
    return family?.type === "counter" ? family.labels().value : Number.NaN;
  };
  return { clock, storage, manager, bodies, asked, gate, apply, read, counter };
}

function answer(body: string, contentType = "text/plain; version=0.0.4"): HttpAnswer {
  return {
    status: 200,
    statusLine: "200 OK",
    headers: contentType === "" ? {} : { "content-type": contentType },
    body: Buffer.from(body),
  };
}

/** One job `a` with one target at /metrics, scraped every second. */
function oneJob(extra = "", targets = "h:1"): string {
  return `global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
- job_name: a
  static_configs: [{targets: [${targets}], labels: {env: prod}}]
${extra}`;
}

describe("ScrapeManager", () => {
  it("stores samples with the target's labels and the report series", async () => {
    const { clock, bodies, read, asked } = setUp(oneJob());
    bodies.set("/metrics", 'm{x="1"} 5\nn 7\n');
    await clock.advance(1000);
    expect(await read("m", { x: "1", job: "a", instance: "h:1", env: "prod" })).toEqual(["5"]);
    expect(await read("up", { job: "a", instance: "h:1" })).toEqual(["1"]);
    expect(await read("scrape_samples_scraped")).toEqual(["2"]);
    expect(await read("scrape_samples_post_metric_relabeling")).toEqual(["2"]);
    expect(await read("scrape_series_added")).toEqual(["2"]);
    expect(asked[0]).toMatchObject({
      url: "http://h:1/metrics",
      timeoutMs: 1000,
      headers: {
        Accept:
          "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6," +
          "application/openmetrics-text;version=0.0.1;q=0.5," +
          "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
        "Accept-Encoding": "gzip",
        "X-Prometheus-Scrape-Timeout-Seconds": "1",
      },
    });
  });

  it("scrapes on a grid that a new manager finds again", async () => {
    const first = setUp(oneJob());
    await first.clock.advance(3000);
    const second = setUp(oneJob());
    await second.clock.advance(400);
    await second.clock.advance(2600);
    const times = (manager: ScrapeManager) => manager.activeTargets()[0]?.lastScrapeMs;
    expect(times(first.manager)).toBe(times(second.manager));
    expect(first.asked.length).toBe(3);
  });

  it("follows lines that move, come and go", async () => {
    const { clock, bodies, read } = setUp(oneJob());
    bodies.set("/metrics", "a 1\nb 2\nc 3\n");
    await clock.advance(1000);
    bodies.set("/metrics", "new 9\nc 31\na 11\n");
    await clock.advance(1000);
    bodies.set("/metrics", "a 12\nb 22\nc 32\n");
    await clock.advance(1000);
    expect(await read("a")).toEqual(["1", "11", "12"]);
    expect(await read("b")).toEqual(["2", "stale", "22"]);
    expect(await read("c")).toEqual(["3", "31", "32"]);
    expect(await read("new")).toEqual(["9", "stale"]);
    expect(await read("scrape_series_added")).toEqual(["3", "1", "1"]);
  });

  it("ends every series when a scrape fails, and says why", async () => {
    const { clock, bodies, read, manager } = setUp(oneJob());
    bodies.set("/metrics", "a 1\n");
    await clock.advance(1000);
    bodies.set("/metrics", new HttpClientError('Get "http://h:1/metrics": EOF', "network"));
    await clock.advance(1000);
    bodies.set("/metrics", "a 3\n");
    await clock.advance(1000);
    expect(await read("a")).toEqual(["1", "stale", "3"]);
    expect(await read("up")).toEqual(["1", "0", "1"]);
    bodies.set("/metrics", { ...answer(""), status: 500, statusLine: "500 Internal Server Error" });
    await clock.advance(1000);
    expect(manager.activeTargets()[0]).toMatchObject({
      health: "down",
      lastError: "server returned HTTP status 500 Internal Server Error",
    });
  });

  it("stores nothing of a body with a bad line, and takes it whole once it is mended", async () => {
    const { clock, bodies, read } = setUp(oneJob());
    bodies.set("/metrics", "good 1\nbad{ 1\n");
    await clock.advance(1000);
    expect(await read("good")).toEqual([]);
    expect(await read("scrape_samples_scraped")).toEqual(["1"]);
    bodies.set("/metrics", "good 1\nbad 1\n");
    await clock.advance(1000);
    expect(await read("good")).toEqual(["1"]);
    expect(await read("up")).toEqual(["0", "1"]);
  });

  it("keeps the first of two equal series and stays up", async () => {
    const { clock, bodies, read, counter } = setUp(oneJob());
    bodies.set("/metrics", "a 1\na 2\n");
    await clock.advance(2000);
    expect(await read("a")).toEqual(["1", "1"]);
    expect(await read("up")).toEqual(["1", "1"]);
    expect(counter("prometheus_target_scrapes_sample_duplicate_timestamp_total")).toBe(2);
  });

  it("does not end a series that the target now writes in another order of labels", async () => {
    const { clock, bodies, read } = setUp(oneJob());
    bodies.set("/metrics", 'a{x="1",y="2"} 1\n');
    await clock.advance(1000);
    bodies.set("/metrics", 'a{y="2",x="1"} 2\n');
    await clock.advance(1000);
    expect(await read("a")).toEqual(["1", "2"]);
  });

  it("takes timestamps from the body, refuses far ones, and does not end such series", async () => {
    const { clock, bodies, read, counter } = setUp(oneJob());
    bodies.set("/metrics", `own 1 ${startMs - 5000}\nfar 2 ${startMs + 3_600_000}\n`);
    await clock.advance(1000);
    bodies.set("/metrics", "other 1\n");
    await clock.advance(1000);
    expect(await read("own")).toEqual(["1"]);
    expect(await read("far")).toEqual([]);
    expect(counter("prometheus_target_scrapes_sample_out_of_bounds_total")).toBe(1);
  });

  it("ends series with timestamps too where track_timestamps_staleness is on", async () => {
    const { clock, bodies, read } = setUp(oneJob("  track_timestamps_staleness: true"));
    bodies.set("/metrics", `own 1 ${startMs - 5000}\n`);
    await clock.advance(1000);
    bodies.set("/metrics", "other 1\n");
    await clock.advance(1000);
    expect(await read("own")).toEqual(["1", "stale"]);
  });

  it("moves labels that collide to exported_ names, or keeps them with honor_labels", async () => {
    const body = 'm{job="inner",exported_job="e",env=""} 1\n';
    const moved = setUp(oneJob());
    moved.bodies.set("/metrics", body);
    await moved.clock.advance(1000);
    const want = { job: "a", exported_job: "e", exported_exported_job: "inner", env: "prod" };
    expect(await moved.read("m", want)).toEqual(["1"]);
    const honored = setUp(oneJob("  honor_labels: true"));
    honored.bodies.set("/metrics", body);
    await honored.clock.advance(1000);
    // An empty label that the target wrote removes the label.
    expect(await honored.read("m", { job: "inner", exported_job: "e", env: "" })).toEqual(["1"]);
  });

  it("drops and changes series by metric_relabel_configs", async () => {
    const relabel = `  metric_relabel_configs:
  - {source_labels: [__name__], regex: 'keep.*', action: keep}
  - {regex: env, action: labeldrop}`;
    const { clock, bodies, read } = setUp(oneJob(relabel));
    bodies.set("/metrics", "keep1 1\nlose 2\n");
    await clock.advance(2000);
    expect(await read("keep1", { env: "" })).toEqual(["1", "1"]);
    expect(await read("lose")).toEqual([]);
    expect(await read("scrape_samples_scraped")).toEqual(["2", "2"]);
    expect(await read("scrape_samples_post_metric_relabeling")).toEqual(["1", "1"]);
  });

  it("fails scrapes over a limit with Prometheus' text", async () => {
    const errorOf = async (limit: string, body: string): Promise<string | undefined> => {
      const { clock, bodies, manager } = setUp(oneJob(`  ${limit}`));
      bodies.set("/metrics", body);
      await clock.advance(1000);
      return manager.activeTargets()[0]?.lastError;
    };
    expect(await errorOf("sample_limit: 1", "a 1\nb 1\n")).toBe("sample limit exceeded");
    expect(await errorOf("sample_limit: 2", "a 1\nb 1\n")).toBe("");
    expect(await errorOf("label_limit: 4", 'm{a="1"} 1\n')).toBe(
      "label_limit exceeded (metric: m, number of labels: 5, limit: 4)",
    );
    expect(await errorOf("label_name_length_limit: 8", 'm{longlonglong="1"} 1\n')).toBe(
      "label_name_length_limit exceeded (metric: m, label name: longlonglong, length: 12, limit: 8)",
    );
    expect(await errorOf("label_value_length_limit: 9", `m{a="${"x".repeat(60)}"} 1\n`)).toBe(
      `label_value_length_limit exceeded (metric: m, label name: a, value: "${"x".repeat(50)}", length: 60, limit: 9)`,
    );
    expect(await errorOf("metric_name_validation_scheme: legacy", '{"a.b"} 1\n')).toContain(
      'invalid metric name or label names: {__name__="a.b"',
    );
    expect(await errorOf("", 'a{x="1",x="2"} 1\n')).toBe(
      'label name "x" is not unique: invalid sample',
    );
  });

  it("scrapes no target of a pool above its target_limit", async () => {
    const { clock, manager, asked } = setUp(oneJob("  target_limit: 1", "h:1, h:2"));
    await clock.advance(1000);
    expect(asked).toEqual([]);
    expect(manager.activeTargets().map((target) => target.lastError)).toEqual([
      "target_limit exceeded (number of targets: 2, limit: 1)",
      "target_limit exceeded (number of targets: 2, limit: 1)",
    ]);
  });

  it("adds the extra report series where asked", async () => {
    const { clock, bodies, read } = setUp(
      oneJob("  extra_scrape_metrics: true\n  sample_limit: 9"),
    );
    bodies.set("/metrics", "a 1\n");
    await clock.advance(1000);
    expect(await read("scrape_timeout_seconds")).toEqual(["1"]);
    expect(await read("scrape_sample_limit")).toEqual(["9"]);
    expect(await read("scrape_body_size_bytes")).toEqual(["4"]);
  });

  it("hands exemplars to storage", async () => {
    const { clock, bodies, storage } = setUp(oneJob());
    const text = '# TYPE a counter\na_total 1 # {trace_id="t"} 0.5\n# EOF\n';
    bodies.set("/metrics", answer(text, "application/openmetrics-text; version=1.0.0"));
    await clock.advance(2000);
    const all = [createMatcher("=", "__name__", "a_total")];
    const [series] = await storage.selectExemplars(0, startMs * 2, [all]);
    expect(series?.exemplars[0]?.labels.get("trace_id")).toBe("t");
  });

  it("tells targets as the API wants them, dropped ones counted", async () => {
    const relabel = `  keep_dropped_targets: 1
  params: {module: [x, y]}
  relabel_configs:
  - {source_labels: [__address__], regex: 'drop.*', action: drop}
  - {source_labels: [__param_module], target_label: module}`;
    const { manager } = setUp(oneJob(relabel, "'127.0.0.1:1', drop:1, drop:2"));
    const [target] = manager.activeTargets();
    expect(target).toMatchObject({
      scrapePool: "a",
      scrapeUrl: "http://127.0.0.1:1/metrics?module=x&module=y",
      globalUrl: "http://outside:1/metrics?module=x&module=y",
      health: "unknown",
      lastError: "",
      lastScrapeMs: undefined,
      scrapeInterval: "1s",
      scrapeTimeout: "1s",
    });
    expect(target?.labels.toString()).toBe(
      '{env="prod", instance="127.0.0.1:1", job="a", module="x"}',
    );
    expect(target?.discoveredLabels.get("__metrics_path__")).toBe("/metrics");
    expect(manager.droppedTargets().map((one) => one.discoveredLabels.get("__address__"))).toEqual([
      "drop:1",
    ]);
    expect(manager.droppedTargetCounts()).toEqual({ a: 2 });
    expect(manager.scrapePools()).toEqual(["a"]);
  });

  it("remembers type, help and unit for ten scrapes", async () => {
    const { clock, bodies, manager } = setUp(oneJob());
    bodies.set("/metrics", "# TYPE a counter\n# HELP a Some help.\na 1\n");
    await clock.advance(1000);
    const [target] = manager.activeTargets();
    expect(manager.metadataOf(target ?? {})).toMatchObject([
      { metric: "a", type: "counter", help: "Some help.", unit: "" },
    ]);
    bodies.set("/metrics", "# HELP a Other help.\n# TYPE a gauge\na 1\n");
    await clock.advance(1000);
    expect(manager.metadataOf(target ?? {})).toMatchObject([
      { type: "gauge", help: "Other help." },
    ]);
    bodies.set("/metrics", "b 1\n");
    await clock.advance(10_000);
    expect(manager.metadataOf(target ?? {}).length).toBe(1);
    await clock.advance(1000);
    expect(manager.metadataOf(target ?? {}).length).toBe(0);
  });

  it("goes on with the other targets when one config of relabelling makes no target", async () => {
    const relabel = `  relabel_configs:
  - {source_labels: [__address__], regex: 'bad.*', target_label: __scrape_timeout__, replacement: 5s}`;
    const { manager } = setUp(oneJob(relabel, "h:1, bad:1"));
    expect(manager.activeTargets().map((target) => target.scrapeUrl)).toEqual([
      "http://h:1/metrics",
    ]);
  });
});

describe("ScrapeManager.applyConfig", () => {
  it("leaves loops alone whose config did not change", async () => {
    const { clock, bodies, apply, read, manager } = setUp(oneJob());
    bodies.set("/metrics", "a 1\n");
    await clock.advance(1000);
    const [before] = manager.activeTargets();
    apply(`${oneJob()}- {job_name: b, static_configs: [{targets: [h:2]}]}\n`);
    expect(manager.activeTargets()[0]).toBe(before);
    await clock.advance(1000);
    expect(await read("a", { job: "a" })).toEqual(["1", "1"]);
    expect(await read("scrape_series_added", { job: "a" })).toEqual(["1", "0"]);
  });

  it("puts a changed config in force without a gap, a marker or a series counted anew", async () => {
    const { clock, bodies, apply, read, asked } = setUp(oneJob());
    bodies.set("/metrics", "a 1\n");
    bodies.set("/other", "a 2\n");
    await clock.advance(2000);
    apply(oneJob("  scrape_timeout: 500ms\n  honor_timestamps: false"));
    await clock.advance(2000);
    expect(await read("a")).toEqual(["1", "1", "1", "1"]);
    expect(await read("scrape_series_added")).toEqual(["1", "0", "0", "0"]);
    expect(asked.at(-1)?.timeoutMs).toBe(500);
    await clock.advance(5000);
    expect(await read("up")).not.toContain("stale");
  });

  it("lets a scrape under way finish before the new loop takes over", async () => {
    const { clock, bodies, gate, apply, read } = setUp(oneJob());
    bodies.set("/metrics", "a 1\n");
    let open = (): void => {};
    gate.opens = new Promise((resolve) => {
      open = resolve;
    });
    await clock.advance(1000);
    apply(oneJob("  scrape_timeout: 500ms"));
    gate.opens = undefined;
    open();
    await clock.advance(2000);
    expect(await read("a")).toEqual(["1", "1", "1"]);
  });

  it("ends the series that changed metric relabelling takes away", async () => {
    const { clock, bodies, apply, read } = setUp(oneJob());
    bodies.set("/metrics", "a 1\nb 1\n");
    await clock.advance(2000);
    apply(
      oneJob("  metric_relabel_configs: [{source_labels: [__name__], regex: b, action: drop}]"),
    );
    await clock.advance(5000);
    expect(await read("b")).toEqual(["1", "1", "stale"]);
    expect(await read("a")).toEqual(["1", "1", "1", "1", "1", "1", "1"]);
  });

  it("ends the series of a lost target two intervals later, at the time of its next scrape", async () => {
    const { clock, bodies, apply, read } = setUp(oneJob("", "h:1, h:2"));
    bodies.set("/metrics", "a 1\n");
    await clock.advance(2000);
    apply(oneJob("", "h:1"));
    await clock.advance(1000);
    expect(await read("a", { instance: "h:2" })).toEqual(["1", "1"]);
    await clock.advance(2000);
    expect(await read("a", { instance: "h:2" })).toEqual(["1", "1", "stale"]);
    expect(await read("up", { instance: "h:2" })).toEqual(["1", "1", "stale"]);
    expect(await read("up", { instance: "h:1" })).toEqual(["1", "1", "1", "1", "1"]);
  });

  it("leaves no marker in the series of a target that comes back at once", async () => {
    const { clock, bodies, apply, read } = setUp(oneJob("", "h:1, h:2"));
    bodies.set("/metrics", "a 1\n");
    await clock.advance(2000);
    apply(oneJob("", "h:1"));
    apply(oneJob("", "h:1, h:2"));
    await clock.advance(5000);
    expect(await read("a", { instance: "h:2" })).not.toContain("stale");
  });

  it("ends the series of a removed job", async () => {
    const { clock, bodies, apply, read, manager } = setUp(oneJob());
    bodies.set("/metrics", "a 1\n");
    await clock.advance(2000);
    apply("");
    expect(manager.scrapePools()).toEqual([]);
    await clock.advance(5000);
    expect(await read("a")).toEqual(["1", "1", "stale"]);
  });
});

describe("ScrapeManager.stop", () => {
  it("ends all series at once when told to", async () => {
    const { clock, bodies, manager, read } = setUp(oneJob());
    bodies.set("/metrics", "a 1\n");
    await clock.advance(1000);
    await manager.stop({ markStale: true });
    expect(await read("a")).toEqual(["1", "stale"]);
    expect(await read("up")).toEqual(["1", "stale"]);
    await clock.advance(5000);
    expect(await read("up")).toEqual(["1", "stale"]);
  });

  it("leaves series open when told to, and a scrape under way unwritten", async () => {
    const { clock, bodies, gate, manager, read } = setUp(oneJob());
    bodies.set("/metrics", "a 1\n");
    await clock.advance(1000);
    let open = (): void => {};
    gate.opens = new Promise((resolve) => {
      open = resolve;
    });
    await clock.advance(1000);
    const stopped = manager.stop({ markStale: false });
    open();
    await stopped;
    expect(await read("a")).toEqual(["1"]);
  });
});
