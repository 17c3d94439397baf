/** Tries each attack: DNS rebinding, cross-site requests, listening beyond loopback, import of private URLs, passwords. */

import { writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { hash } from "bcryptjs";
import { type AppTest, type AppTestContext, expectEqual, expectMatch } from "./app-test.ts";

export const securityTest: AppTest = {
  name: "security",
  async run(context) {
    const dir = context.tempDir();
    await expectLoopbackOnly(context, dir);
    const port = await context.freePort();
    const server = context.startProgram([
      "server",
      "--data-dir",
      join(dir, "open"),
      "--listen",
      `127.0.0.1:${port}`,
      "--web.allow-import-url",
    ]);
    await server.waitForLine(/^ready /m);
    await expectForeignHostRefused(port);
    await expectForeignOriginRefused(port);
    await expectPrivateImportRefused(port);
    await server.stop();
    await expectImportOffByDefault(context, dir);
    await expectPasswords(context, dir);
  },
};

/** A request with any headers: fetch would not let Host and Origin be set. */
function ask(
  port: number,
  options: { method?: string; path: string; headers?: Record<string, string>; body?: string },
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: "127.0.0.1",
        port,
        method: options.method ?? "GET",
        path: options.path,
        headers: options.headers ?? {},
      },
      (response) => {
        let text = "";
        response.on("data", (piece) => {
          text += String(piece);
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
      },
    );
    sent.on("error", reject);
    sent.end(options.body);
  });
}

async function expectLoopbackOnly(context: AppTestContext, dir: string): Promise<void> {
  for (const listen of ["0.0.0.0:0", "[::]:0", ":0"]) {
    const server = context.startProgram([
      "server",
      "--data-dir",
      join(dir, "x"),
      "--listen",
      listen,
    ]);
    expectEqual(await server.waitForExit(), 1, `exit code with --listen ${listen}`);
    expectMatch(server.output(), /--web\.config\.file/, `the mend for --listen ${listen}`);
  }
}

async function expectForeignHostRefused(port: number): Promise<void> {
  for (const host of [
    "evil.example",
    `evil.example:${port}`,
    "127.0.0.1.evil.example",
    "10.0.0.1",
  ]) {
    for (const path of ["/", "/api/v1/query?query=up", "/metrics", "/-/healthy"]) {
      const answer = await ask(port, { path, headers: { host } });
      expectEqual(answer.status, 421, `Host ${host} on ${path}`);
    }
  }
  for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`]) {
    expectEqual(
      (await ask(port, { path: "/-/healthy", headers: { host } })).status,
      200,
      `Host ${host}`,
    );
  }
}

async function expectForeignOriginRefused(port: number): Promise<void> {
  const origins: readonly Record<string, string>[] = [
    { origin: "http://evil.example" },
    { origin: "null" },
    { origin: `http://127.0.0.1:${port + 1}` },
    { "sec-fetch-site": "cross-site" },
  ];
  const host = `127.0.0.1:${port}`;
  for (const headers of origins) {
    const what = JSON.stringify(headers);
    const reload = await ask(port, {
      method: "POST",
      path: "/-/reload",
      headers: { host, ...headers },
    });
    expectEqual(reload.status, 403, `reload with ${what}`);
    const body = '{"title":"x","panels":[]}';
    const path = "/api/ciliascope/v1/dashboards";
    expectEqual(
      (await ask(port, { method: "POST", path, headers: { host, ...headers }, body })).status,
      403,
      `import with ${what}`,
    );
    expectEqual(
      (await ask(port, { method: "DELETE", path: `${path}/x`, headers: { host, ...headers } }))
        .status,
      403,
      `delete with ${what}`,
    );
  }
  const own = await ask(port, {
    method: "POST",
    path: "/-/reload",
    headers: { host, origin: `http://${host}` },
  });
  expectEqual(own.status, 200, `reload with our own origin (${own.text})`);
  const read = await fetch(`http://${host}/api/v1/query?query=up`, {
    headers: { origin: "http://evil.example" },
  });
  expectEqual(
    read.headers.get("access-control-allow-origin"),
    null,
    "CORS header for a foreign origin",
  );
}

async function expectPrivateImportRefused(port: number): Promise<void> {
  const urls = [
    "http://127.0.0.1:1/d.json",
    "http://localhost:1/d.json",
    "http://169.254.169.254/latest/meta-data",
    "http://10.0.0.1/d.json",
    "http://192.168.1.1/d.json",
    "http://[::1]/d.json",
    "http://[::ffff:127.0.0.1]/d.json",
    "http://0x7f.1/d.json",
    "http://2130706433/d.json",
    "file:///etc/passwd",
    "gopher://example.com/",
    "http://user:secret@example.com/",
  ];
  for (const url of urls) {
    const answer = await ask(port, {
      method: "POST",
      path: "/api/ciliascope/v1/dashboards/import-url",
      headers: { host: `127.0.0.1:${port}`, "content-type": "application/json" },
      body: JSON.stringify({ url }),
    });
    expectEqual(answer.status, 403, `import of ${url} (${answer.text})`);
    expectMatch(answer.text, /cannot fetch/, `import of ${url}`);
  }
}

async function expectImportOffByDefault(context: AppTestContext, dir: string): Promise<void> {
  const port = await context.freePort();
  const server = context.startProgram([
    "server",
    "--data-dir",
    join(dir, "off"),
    "--listen",
    `127.0.0.1:${port}`,
  ]);
  await server.waitForLine(/^ready /m);
  const answer = await ask(port, {
    method: "POST",
    path: "/api/ciliascope/v1/dashboards/import-url",
    headers: { host: `127.0.0.1:${port}` },
    body: '{"url":"https://example.com/d.json"}',
  });
  expectEqual(answer.status, 403, "import by URL without the flag");
  expectMatch(answer.text, /--web\.allow-import-url/, "the mend");
  await server.stop();
}

async function expectPasswords(context: AppTestContext, dir: string): Promise<void> {
  const file = join(dir, "web.yml");
  writeFileSync(file, `basic_auth_users:\n  alice: ${await hash("secret", 4)}\n`);
  const port = await context.freePort();
  const server = context.startProgram([
    "server",
    "--data-dir",
    join(dir, "auth"),
    "--listen",
    `0.0.0.0:${port}`,
    "--web.config.file",
    file,
  ]);
  await server.waitForLine(/^ready /m);
  const basic = (user: string, password: string) =>
    `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  const status = async (headers: Record<string, string>) =>
    (
      await ask(port, {
        path: "/api/v1/status/buildinfo",
        headers: { host: `127.0.0.1:${port}`, ...headers },
      })
    ).status;
  expectEqual(await status({}), 401, "no password");
  expectEqual(await status({ authorization: basic("alice", "wrong") }), 401, "wrong password");
  expectEqual(await status({ authorization: basic("bob", "secret") }), 401, "unknown user");
  expectEqual(await status({ authorization: basic("alice", "secret") }), 200, "right password");
  expectEqual(
    await status({ authorization: basic("alice", "wrong") }),
    401,
    "wrong password after a right one",
  );
  await server.stop();
}
