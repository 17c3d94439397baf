import { describe, expect, it } from "vitest";
import { downReason } from "./down-reason.ts";

const what = (lastError: string) =>
  downReason({
    lastError,
    scrapeUrl: "http://10.0.0.1:9962/metrics",
    scrapeTimeout: "10s",
    scrapePool: "agent",
  })?.what;

describe("down reason", () => {
  it("tells each kind of failure in words", () => {
    const cases: readonly (readonly [string, string])[] = [
      [
        'Get "http://10.0.0.1:9962/metrics": dial tcp 10.0.0.1:9962: connect: connection refused',
        "Nobody listens on 10.0.0.1:9962.",
      ],
      [
        'Get "http://x/": dial tcp: lookup nosuch.local: no such host',
        "The name nosuch.local is not known.",
      ],
      [
        'Get "http://10.0.0.1/": context deadline exceeded',
        "The answer was not complete within 10s.",
      ],
      [
        "server returned HTTP status 401 Unauthorized",
        "The target wants credentials, and those sent are missing or wrong (401).",
      ],
      ["server returned HTTP status 404 Not Found", "There is no page /metrics (404)."],
      [
        "server returned HTTP status 500 Internal Server Error",
        "The target itself fails (500 Internal Server Error).",
      ],
      [
        "tls: failed to verify certificate: x509: certificate signed by unknown authority",
        "The target's certificate is signed by somebody this server does not know.",
      ],
      [
        "tls: failed to verify certificate: x509: certificate is valid for a.b, not 10.0.0.1",
        "The certificate is for a.b, and 10.0.0.1 was asked.",
      ],
      [
        "http: server gave HTTP response to HTTPS client",
        "The target speaks plain HTTP, and TLS was tried.",
      ],
      [
        "sample limit exceeded",
        "The target has more samples than sample_limit of agent allows; none was kept.",
      ],
      [
        "label_limit exceeded (metric: up, number of labels: 40, limit: 30)",
        "up breaks label_limit; nothing of the scrape was kept.",
      ],
      [
        "target_limit exceeded (number of targets: 2, limit: 1)",
        "The pool has 2 targets and may have 1; none of them is scraped.",
      ],
      [
        'expected value after metric, got "<html" ("INVALID") while parsing: "<html"',
        'The page is no valid exposition: it breaks at "<html" ("INVALID") while parsing: "<html".',
      ],
      ["something new", "The last scrape failed."],
    ];
    expect(cases.map(([error]) => what(error))).toEqual(cases.map(([, words]) => words));
  });

  it("has nothing to say of a target that is up", () => {
    expect(what("")).toBeUndefined();
  });
});
