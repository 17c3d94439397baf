/**
 * Flow sources in a file of their own (`--flows.config`), beside the flags: the same sources, spelled out.
 * Each becomes the text that `--flows` takes (source-url.ts), so that both mean the same.
 *
 *   sources:
 *     - grpc: relay.example:4245        # or peers: AGENT (all agents of its cluster), or file: PATH
 *       cluster: prod
 *       from: end                       # start: with what is there already
 *       tls: { ca_file, cert_file, key_file, server_name, insecure_skip_verify }
 *       basic_auth: { username, password_file }
 */

import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { ConfigError, errorMessage } from "../../base/errors.ts";
import { checkDocument, errorAt, listOf, mapping } from "../../schema/mapping.ts";
import { booleanScalar, textScalar } from "../../schema/scalars.ts";
import { parseYamlDocument } from "../../schema/yaml-document.ts";

const sourceSchema = mapping({
  grpc: textScalar.optional(),
  peers: textScalar.optional(),
  file: textScalar.optional(),
  cluster: textScalar.optional(),
  from: z.enum(["start", "end"], { error: "want start or end" }).optional(),
  tls: mapping({
    ca_file: textScalar.optional(),
    cert_file: textScalar.optional(),
    key_file: textScalar.optional(),
    server_name: textScalar.optional(),
    insecure_skip_verify: booleanScalar.optional(),
  }).optional(),
  basic_auth: mapping({ username: textScalar, password_file: textScalar }).optional(),
});
const fileSchema = mapping({ sources: listOf(sourceSchema) });

type SourceFields = z.output<typeof sourceSchema>;

/** The sources of a file, each checked by `check`. Throws ConfigError with file, line and path. */
export function loadFlowSources(file: string, check: (text: string) => void): string[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (thrown) {
    const message = `cannot read the flow sources: ${errorMessage(thrown)}`;
    throw new ConfigError(message, { file, path: "" });
  }
  const document = parseYamlDocument(text, file);
  const seen = new Set<string>();
  return checkDocument(fileSchema, document).sources.map((fields, index) => {
    const fail = (message: string) => errorAt(message, ["sources", index], document);
    const source = sourceText(fields, dirname(resolve(file)), fail);
    if (seen.has(source)) throw fail(`${source} stands there twice; remove one`);
    seen.add(source);
    try {
      check(source);
    } catch (thrown) {
      throw fail(errorMessage(thrown));
    }
    return source;
  });
}

function sourceText(
  { grpc, peers, file, cluster, from, tls, basic_auth: auth }: SourceFields,
  dir: string,
  fail: (message: string) => ConfigError,
): string {
  const named = [grpc, peers, file].filter((name) => name !== undefined && name !== "");
  if (named.length !== 1) {
    throw fail("a source is one of grpc: HOST:PORT, peers: HOST:PORT, file: PATH");
  }
  const options = new URLSearchParams();
  const add = (name: string, value: string | undefined) => {
    if (value !== undefined) options.set(name, value);
  };
  const addFile = (name: string, path: string | undefined) =>
    add(name, path === undefined ? undefined : resolve(dir, path));
  add("cluster", cluster);
  add("from", from);
  if (file !== undefined) {
    if (tls !== undefined || auth !== undefined) throw fail("tls and basic_auth belong to grpc");
    return withOptions(pathToFileURL(resolve(dir, file)).href, options);
  }
  addFile("ca", tls?.ca_file);
  addFile("cert", tls?.cert_file);
  addFile("key", tls?.key_file);
  add("server-name", tls?.server_name);
  if (tls?.insecure_skip_verify === true) options.set("insecure-skip-verify", "true");
  add("user", auth?.username);
  addFile("password-file", auth?.password_file);
  const scheme = `${tls === undefined ? "grpc" : "grpcs"}${peers === undefined ? "" : "+peers"}`;
  return withOptions(`${scheme}://${grpc ?? peers}`, options);
}

function withOptions(head: string, options: URLSearchParams): string {
  return options.size === 0 ? head : `${head}?${options}`;
}
