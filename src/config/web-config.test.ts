import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadWebConfig } from "./web-config.ts";

const hash = "$2b$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi";

function write(yaml: string): string {
  const dir = mkdtempSync(join(tmpdir(), "web-config-"));
  for (const name of ["c.pem", "k.pem", "ca.pem"]) writeFileSync(join(dir, name), "x");
  writeFileSync(join(dir, "web.yml"), yaml);
  return join(dir, "web.yml");
}

function check(yaml: string, problem: string): void {
  expect(() => loadWebConfig(write(yaml))).toThrow(problem);
}

describe("loadWebConfig", () => {
  it("reads users, TLS and headers", () => {
    const config = loadWebConfig(
      write(`basic_auth_users: {u: ${hash}}
tls_server_config: {cert_file: c.pem, key_file: k.pem, client_ca_file: ca.pem, client_auth_type: RequireAndVerifyClientCert}
http_server_config: {headers: {X-Frame-Options: deny}}`),
    );
    expect(config.basicAuthUsers.get("u")).toBe(hash);
    expect(config.tls?.certFile).toMatch(/^\/.*\/c\.pem$/);
    expect(config.tls?.minVersion).toBe("TLSv1.2");
    expect(config.headers).toEqual({ "X-Frame-Options": "deny" });
  });

  it("takes an empty file as no TLS and no users", () => {
    expect(loadWebConfig(write("")).basicAuthUsers.size).toBe(0);
  });

  it("refuses what would leave the door open, with the line", () => {
    check("basic_auth_users:\n  u: hunter2", "web.yml:2: basic_auth_users.u: not a bcrypt hash");
    check("tls_server_config: {cert_file: c.pem}", "missing one of key or key_file");
    check("tls_server_config: {cert_file: c.pem, key_file: nope}", "cannot read");
    check(
      "tls_server_config: {cert_file: c.pem, key_file: k.pem, client_ca_file: ca.pem}",
      "without a Client Auth Policy",
    );
    check("basic_auth_user: {}", 'unknown key "basic_auth_user"; did you mean "basic_auth_users"?');
    check("http_server_config: {headers: {Set-Cookie: a}}", "can not be configured");
  });

  it("does not print a password that stands where a hash should", () => {
    expect(() => loadWebConfig(write("basic_auth_users: {u: hunter2}"))).not.toThrow("hunter2");
  });
});
