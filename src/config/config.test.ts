import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ConfigError } from "../base/errors.ts";
import { loadConfig, parseConfig, redactedYaml } from "./config.ts";

function errorOf(yaml: string): string {
  try {
    parseConfig(yaml, "p.yml");
    return "none";
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown.message;
    throw thrown;
  }
}

function job(rest: string): string {
  return `scrape_configs:\n- job_name: a\n${rest}`;
}

describe("parseConfig", () => {
  it("takes an empty file as all defaults", () => {
    const { config, warnings } = parseConfig("");
    expect(config.global.scrapeIntervalMs).toBe(60_000);
    expect(config.global.scrapeTimeoutMs).toBe(10_000);
    expect(config.scrapeConfigs).toEqual([]);
    expect(warnings).toEqual([]);
  });

  it("fills scrape configs from global and cuts the timeout to the interval", () => {
    const yaml =
      "global: {scrape_interval: 5s, sample_limit: 7}\nscrape_configs: [{job_name: 500}]";
    const [scrape] = parseConfig(yaml).config.scrapeConfigs;
    expect(scrape?.jobName).toBe("500");
    expect(scrape?.scrapeInterval).toBe("5s");
    expect(scrape?.scrapeTimeout).toBe("5s");
    expect(scrape?.limits.samples).toBe(7);
    expect(scrape?.metricsPath).toBe("/metrics");
  });

  it("freezes what it returns", () => {
    const { config } = parseConfig(job("  params: {module: [a]}"));
    expect(Object.isFrozen(config.scrapeConfigs[0]?.params)).toBe(true);
  });

  it("says what is wrong, where, and how to mend it", () => {
    expect(errorOf("golbal: {}")).toBe('p.yml:1: unknown key "golbal"; did you mean "global"?');
    expect(errorOf(job("  scrape_intervall: 5s"))).toBe(
      'p.yml:3: scrape_configs[0]: unknown key "scrape_intervall"; did you mean "scrape_interval"?',
    );
    expect(errorOf("global: {scrape_interval: 5x}")).toContain(
      'global.scrape_interval: unknown unit "x" in duration "5x"',
    );
    expect(errorOf(job("- job_name: a"))).toContain(
      'p.yml:3: scrape_configs[1].job_name: found multiple scrape configs with job name "a"',
    );
    expect(errorOf("scrape_configs: [{metrics_path: /x}]")).toContain("job_name is empty");
    expect(errorOf(job("  scrape_interval: 5s\n  scrape_timeout: 10s"))).toContain(
      'scrape timeout greater than scrape interval for scrape config with job name "a"',
    );
    expect(errorOf(job("  static_configs: [{targets: ['http://x']}]"))).toContain(
      'targets[0]: "http://x" is not a valid hostname',
    );
    expect(
      errorOf(job("  basic_auth: {username: u}\n  authorization: {credentials: x}")),
    ).toContain("at most one of basic_auth, oauth2 & authorization must be configured");
    expect(errorOf(job("  relabel_configs: [{action: keepp}]"))).toContain(
      'relabel_configs[0].action: unknown relabel action "keepp"; did you mean "keep"?',
    );
    expect(
      errorOf(job("  metric_relabel_configs: [{source_labels: [x], action: hashmod}]")),
    ).toContain(
      "metric_relabel_configs[0].modulus: relabel configuration for hashmod requires non-zero modulus",
    );
    expect(errorOf("scrape_configs: 3")).toBe('p.yml:1: scrape_configs: want a list, have "3"');
    expect(errorOf(job("  params: x"))).toBe(
      'p.yml:3: scrape_configs[0].params: want a mapping, have "x"',
    );
    expect(errorOf(job("  proxy_url: http://p"))).toContain(
      "proxy_url: a proxy is not supported yet",
    );
    expect(errorOf(job("  file_sd_configs: [{files: [a/*/b.yml]}]"))).toContain(
      'path name "a/*/b.yml" is not valid for file discovery',
    );
    expect(errorOf(job("  scrape_protocols: [Text]"))).toContain("unknown scrape protocol Text");
    expect(errorOf(job("  http_headers: {Host: {values: [x]}}"))).toContain(
      'setting header "Host" is not allowed',
    );
    expect(errorOf("a: [1")).toMatch(/^p\.yml:1: cannot read YAML: /);
  });

  it("loads real parts that are not built with one warning each", () => {
    const yaml = `rule_files: [r.yml]\nalerting: {}\n${job("  kubernetes_sd_configs: [{role: pod}]")}`;
    expect(parseConfig(yaml, "p.yml").warnings).toEqual([
      expect.stringContaining("p.yml:1: rule_files: rules are not evaluated yet"),
      expect.stringContaining(
        "p.yml:5: scrape_configs[0].kubernetes_sd_configs: this kind of discovery",
      ),
    ]);
  });

  it("gives equal keys to equal configs only, secrets included", () => {
    const keyOf = (rest: string) => parseConfig(job(rest)).config.scrapeConfigs[0];
    const a = keyOf("  bearer_token: x\n  static_configs: [{targets: [h:1]}]");
    const b = keyOf("  bearer_token: x\n  static_configs: [{targets: [h:2]}]");
    const c = keyOf("  bearer_token: y\n  static_configs: [{targets: [h:2]}]");
    expect(a?.scrapeKey).toBe(b?.scrapeKey);
    expect(a?.discoveryKey).not.toBe(b?.discoveryKey);
    expect(b?.scrapeKey).not.toBe(c?.scrapeKey);
    expect(b?.seriesKey).toBe(c?.seriesKey);
  });
});

describe("redactedYaml", () => {
  it("prints defaults and no secret", () => {
    const yaml = `${job("  basic_auth: {username: u, password: hunter2}\n  http_headers: {X: {secrets: [hunter2]}}")}
remote_write: [{url: "http://u:hunter2@h/w", authorization: {credentials: hunter2}}]`;
    const text = redactedYaml(parseConfig(yaml).config);
    expect(text).not.toContain("hunter2");
    expect(text).toContain("password: <secret>");
    expect(text).toContain("url: http://u:xxxxx@h/w");
    expect(text).toMatch(/^global:\n {2}scrape_interval: 1m\n/);
  });
});

describe("loadConfig", () => {
  it("resolves files next to the config file", () => {
    const dir = mkdtempSync(join(tmpdir(), "config-"));
    const file = join(dir, "p.yml");
    writeFileSync(file, job("  authorization: {credentials_file: token}"));
    const [scrape] = loadConfig(file).config.scrapeConfigs;
    expect(scrape?.http.authorization?.credentials).toEqual({
      kind: "file",
      file: join(dir, "token"),
    });
  });

  it("names a file that is not there", () => {
    expect(() => loadConfig("/nonexistent/p.yml")).toThrow("cannot read the configuration: ENOENT");
  });
});
