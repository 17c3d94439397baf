/**
 * Flows by gRPC between two real servers with mutual TLS: an exporter's file → server A → its Observer →
 * server B. A is killed and started again: B goes on without a gap and without a flow twice. Sources
 * that cannot work (other authority, no certificate, expired, plain text, a server that hangs) each say
 * cause and mend while the good one goes on; the CLI asks over TLS.
 */

import { execFileSync } from "node:child_process";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import type { FlowSourceAnswer, FlowSourcesAnswer } from "../src/api/wire/flow-sources.ts";
import { type AppTest, type AppTestContext, expectEqual, expectMatch, poll } from "./app-test.ts";

export const hubbleGrpcTest: AppTest = {
  name: "hubble-grpc",
  async run(context) {
    const dir = context.tempDir();
    const certs = makeCertificates(dir);
    const flowFile = join(dir, "events.log");
    const flows = new FlowWriter(flowFile);
    flows.write(50);
    const web = join(dir, "web.yml");
    writeFileSync(
      web,
      `tls_server_config: {cert_file: ${certs.server.cert}, key_file: ${certs.server.key}, client_ca_file: ${certs.ca}, client_auth_type: RequireAndVerifyClientCert}\n`,
    );
    const observerPort = await context.freePort();
    const upstream = () => startUpstream(context, { dir, web, observerPort, flowFile });
    const first = upstream();
    await first.waitForLine(/ready/);
    const good = `grpcs://127.0.0.1:${observerPort}?from=start&cluster=prod&ca=${certs.ca}&cert=${certs.client.cert}&key=${certs.client.key}&server-name=hubble.test`;
    const bad = await badSources(context, certs, observerPort);
    const { url, server } = await startDownstream(context, dir, [
      good,
      ...bad.map(({ text }) => text),
    ]);
    await waitForSeen(url, 50);
    flows.write(50);
    await waitForSeen(url, 100);
    await checkTroubles(url, bad);
    await first.stop("SIGKILL");
    await waitFor(url, "the break", ([source]) => source?.trouble !== null);
    flows.write(50);
    await upstream().waitForLine(/ready/);
    await waitForSeen(url, 150);
    const [source] = (await readSources(url)).sources;
    expectEqual(source?.gaps, [], "gaps after the restart");
    expectEqual(source?.seenFlows, 150, "flows seen once each");
    expectEqual(source?.nodes[0]?.node, "prod/n1", "node");
    checkCli(context, { certs, observerPort, last: flows.lastLine });
    expectEqual(await server.stop(), 0, "exit code");
  },
};

/** Writes flows as the exporter does, a millisecond apart. */
class FlowWriter {
  readonly #path: string;
  #count = 0;
  lastLine = "";

  constructor(path: string) {
    this.#path = path;
  }

  write(count: number): void {
    let text = "";
    for (let i = 0; i < count; i++) {
      this.#count++;
      const time = new Date(Date.now() - 5000 + this.#count).toISOString();
      this.lastLine = `{"flow":{"time":"${time}","uuid":"u${this.#count}","verdict":"FORWARDED","Type":"L3_L4","node_name":"prod/n1","Summary":"TCP"},"node_name":"prod/n1","time":"${time}"}`;
      text += `${this.lastLine}\n`;
    }
    appendFileSync(this.#path, text);
  }
}

interface KeyPair {
  readonly cert: string;
  readonly key: string;
}
interface Certificates {
  readonly ca: string;
  readonly otherCa: string;
  readonly server: KeyPair;
  readonly client: KeyPair;
  readonly expired: KeyPair;
}

function makeCertificates(dir: string): Certificates {
  const openssl = (...args: string[]) =>
    execFileSync("openssl", args, { cwd: dir, stdio: ["ignore", "ignore", "pipe"] });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const authority = (name: string) => {
    openssl(
      "req",
      "-x509",
      ...newKey,
      "-keyout",
      `${name}.key`,
      "-out",
      `${name}.crt`,
      "-days",
      "2",
      "-subj",
      `/CN=${name}`,
    );
    return join(dir, `${name}.crt`);
  };
  const issue = (name: string, days: string): KeyPair => {
    openssl(
      "req",
      ...newKey,
      "-keyout",
      `${name}.key`,
      "-out",
      `${name}.csr`,
      "-subj",
      `/CN=${name}`,
    );
    writeFileSync(join(dir, `${name}.ext`), "subjectAltName=DNS:hubble.test\n");
    openssl(
      "x509",
      "-req",
      "-in",
      `${name}.csr`,
      "-CA",
      "ca.crt",
      "-CAkey",
      "ca.key",
      "-CAcreateserial",
      "-days",
      days,
      "-extfile",
      `${name}.ext`,
      "-out",
      `${name}.crt`,
    );
    return { cert: join(dir, `${name}.crt`), key: join(dir, `${name}.key`) };
  };
  const ca = authority("ca");
  return {
    ca,
    otherCa: authority("other"),
    server: issue("server", "2"),
    client: issue("client", "2"),
    // Valid until the moment of its making.
    expired: issue("expired", "0"),
  };
}

function startUpstream(
  context: AppTestContext,
  at: { dir: string; web: string; observerPort: number; flowFile: string },
) {
  return context.startProgram([
    "server",
    "--data-dir",
    join(at.dir, "a"),
    "--listen",
    "127.0.0.1:0",
    "--web.config.file",
    at.web,
    "--observer-listen",
    `127.0.0.1:${at.observerPort}`,
    "--flows",
    at.flowFile,
  ]);
}

async function startDownstream(context: AppTestContext, dir: string, sources: readonly string[]) {
  const args = ["server", "--data-dir", join(dir, "b"), "--listen", "127.0.0.1:0"];
  const server = context.startProgram([
    ...args,
    "--observer-listen",
    "",
    ...sources.flatMap((text) => ["--flows", text]),
  ]);
  const [, url = ""] = await server.waitForLine(/ready (http:\S+)\//);
  return { server, url };
}

/** Sources that cannot work, and what each must say. */
async function badSources(context: AppTestContext, certs: Certificates, port: number) {
  const expired = createTlsServer({
    cert: readFileSync(certs.expired.cert),
    key: readFileSync(certs.expired.key),
    ALPNProtocols: ["h2"],
  });
  const expiredPort = await listen(context, expired);
  // Takes connections and says nothing.
  const hangPort = await listen(context, createServer());
  const pair = `cert=${certs.client.cert}&key=${certs.client.key}`;
  return [
    {
      text: `grpcs://127.0.0.1:${port}?ca=${certs.otherCa}&${pair}&server-name=hubble.test`,
      cause: /authority that is not trusted/,
    },
    {
      text: `grpcs://127.0.0.1:${port}?ca=${certs.ca}&server-name=hubble.test`,
      cause: /wants a client certificate|closed the connection/,
    },
    { text: `grpcs://127.0.0.1:${port}?ca=${certs.ca}&${pair}`, cause: /bears another name/ },
    { text: `grpc://127.0.0.1:${port}`, cause: /closed the connection/ },
    {
      text: `grpcs://127.0.0.1:${expiredPort}?ca=${certs.ca}&server-name=hubble.test`,
      cause: /has expired/,
    },
    { text: `grpc://127.0.0.1:${hangPort}`, cause: /did not answer in time/ },
  ];
}

async function listen(
  context: AppTestContext,
  server: ReturnType<typeof createServer>,
): Promise<number> {
  server.on("tlsClientError", () => {});
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  context.onClose(() => {
    server.close();
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function readSources(url: string): Promise<FlowSourcesAnswer> {
  return (await (await fetch(`${url}/api/ciliascope/v1/flow-sources`)).json()) as FlowSourcesAnswer;
}

async function waitFor(
  url: string,
  what: string,
  isSo: (sources: readonly FlowSourceAnswer[]) => boolean,
): Promise<void> {
  let last: FlowSourcesAnswer | undefined;
  const found = await poll(async () => {
    last = await readSources(url);
    return isSo(last.sources) ? true : undefined;
  }, 25_000);
  if (found === undefined) throw new Error(`${what} did not come: ${JSON.stringify(last)}`);
}

function waitForSeen(url: string, count: number): Promise<void> {
  return waitFor(url, `${count} flows`, ([source]) => (source?.seenFlows ?? 0) >= count);
}

async function checkTroubles(
  url: string,
  bad: readonly { readonly cause: RegExp }[],
): Promise<void> {
  await waitFor(url, "all troubles", ([, ...rest]) =>
    rest.every(({ trouble }) => trouble !== null),
  );
  const [, ...rest] = (await readSources(url)).sources;
  for (const [index, { cause }] of bad.entries()) {
    expectMatch(rest[index]?.trouble?.cause ?? "", cause, `trouble of ${rest[index]?.name}`);
  }
}

function checkCli(
  context: AppTestContext,
  at: { certs: Certificates; observerPort: number; last: string },
): void {
  const { certs, observerPort, last } = at;
  const program = join(import.meta.dirname, "..", "bin", "ciliascope");
  const run = (...args: string[]) =>
    execFileSync(
      process.execPath,
      [
        program,
        ...args,
        "--server",
        `tls://127.0.0.1:${observerPort}`,
        "--tls-ca-cert-files",
        certs.ca,
        "--tls-client-cert-file",
        certs.client.cert,
        "--tls-client-key-file",
        certs.client.key,
        "--tls-server-name",
        "hubble.test",
      ],
      { encoding: "utf8", cwd: context.tempDir() },
    );
  expectEqual(run("observe", "--last", "1", "-o", "jsonpb"), `${last}\n`, "observe --server");
  expectMatch(
    run("status"),
    /^Healthcheck \(via 127\.0\.0\.1:\d+\): Ok\nCurrent\/Max Flows: \d+\//,
    "status",
  );
  expectMatch(run("list", "nodes"), /^NAME .*\nprod\/n1 +Connected/, "list nodes");
}
