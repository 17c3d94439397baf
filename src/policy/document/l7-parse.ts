/** `rules` of a toPorts item: HTTP, DNS, Kafka and custom rules from YAML, with the checks of Cilium's agent. */

import { errorMessage } from "../../base/errors.ts";
import { compileRe2 } from "../../model/regexp.ts";
import { fqdnLengthMax, isNameText, isPatternText } from "../selector/fqdn-pattern.ts";
import type { DnsRule, HttpHeaderRule, HttpRule, KafkaRule, L7Rules } from "./policy-document.ts";
import type { YamlCursor } from "./yaml-cursor.ts";

const mismatchActions = ["LOG", "ADD", "DELETE", "REPLACE"] as const;
const kafkaRoles = ["produce", "consume"];
const kafkaTopicPattern = /^[a-zA-Z0-9._-]+$/;
const kafkaTopicLengthMax = 255;

/** Which parser `rules` asks for, nothing checked; undefined where its lists are empty. */
export function l7ParserOf(cursor: YamlCursor | undefined): L7Rules["parser"] | undefined {
  const hasItems = (name: string) => {
    const field = cursor?.field(name);
    return field?.jsonType === "array" && field.items().length > 0;
  };
  const listed = (["http", "kafka", "dns"] as const).find(hasItems);
  if (listed !== undefined) return listed;
  const proto = cursor?.field("l7proto");
  return proto?.jsonType === "string" && proto.text() !== "" ? "l7" : undefined;
}

/** Reads `rules`; undefined where its lists are empty, which restricts nothing. */
export function parseL7Rules(cursor: YamlCursor): L7Rules | undefined {
  const fields = cursor.fields(["http", "dns", "kafka", "l7proto", "l7"]);
  const http = fields.http?.items().map(parseHttpRule) ?? [];
  const kafka = fields.kafka?.items().map(parseKafkaRule) ?? [];
  const dns = fields.dns?.items().map(parseDnsRule) ?? [];
  const l7proto = fields.l7proto?.text() ?? "";
  if (fields.l7 !== undefined && l7proto === "") {
    fields.l7.fail("'l7' may only be specified when a 'l7proto' is also specified");
  }
  const given = [
    fields.http,
    fields.kafka,
    fields.dns,
    l7proto === "" ? undefined : fields.l7proto,
  ];
  if (given.filter((field) => field !== undefined).length > 1) {
    cursor.fail(
      "multiple L7 protocol rule types specified in single rule",
      "write a toPorts item for each",
    );
  }
  if (http.length > 0) return { parser: "http", http };
  if (kafka.length > 0) return { parser: "kafka", kafka };
  if (dns.length > 0) return { parser: "dns", dns };
  if (l7proto !== "") return { parser: "l7", l7proto, l7: parseKeyValues(fields.l7) };
  return undefined;
}

function parseKeyValues(cursor: YamlCursor | undefined): Record<string, string>[] {
  return (cursor?.items() ?? []).map((item) =>
    Object.fromEntries(item.entries().map(([key, value]) => [key, value.text()])),
  );
}

function parseHttpRule(cursor: YamlCursor): HttpRule {
  const fields = cursor.fields(["method", "path", "host", "headers", "headerMatches"]);
  return {
    method: fields.method && checkRegexp(fields.method),
    path: fields.path && checkRegexp(fields.path),
    host: fields.host?.text(),
    headers: [
      ...(fields.headers?.items() ?? []).map(parseHeader),
      ...(fields.headerMatches?.items() ?? []).map(parseHeaderMatch),
    ],
    line: cursor.line,
  };
}

/** "Name: value": split at the first blank, the name's colon taken off; without a blank, presence. */
function parseHeader(cursor: YamlCursor): HttpHeaderRule {
  const text = cursor.text();
  const blank = text.indexOf(" ");
  if (blank < 0) return { name: text.toLowerCase(), value: undefined, text, mismatch: undefined };
  const name = text.slice(0, blank).replace(/:$/, "");
  return { name: name.toLowerCase(), value: text.slice(blank + 1), text, mismatch: undefined };
}

function parseHeaderMatch(cursor: YamlCursor): HttpHeaderRule {
  const fields = cursor.fields(["name", "value", "mismatch", "secret"]);
  const name = fields.name?.text() ?? "";
  if (name === "") cursor.fail("Header name missing");
  const action = fields.mismatch?.text() ?? "";
  const mismatch = mismatchActions.find((known) => known === action);
  if (action !== "" && mismatch === undefined) {
    fields.mismatch?.fail(`Invalid header action: ${action}`, `want ${mismatchActions.join(", ")}`);
  }
  const value = fields.value?.text() ?? "";
  const secret = fields.secret?.field("name")?.text();
  return {
    name: name.toLowerCase(),
    value: value === "" ? undefined : value,
    text: name,
    mismatch,
    ...(secret === undefined ? {} : { hasUnknownValue: value === "" }),
  };
}

/** Reads an item of `rules.kafka`. */
function parseKafkaRule(cursor: YamlCursor): KafkaRule {
  const fields = cursor.fields(["role", "apiKey", "apiVersion", "clientID", "topic"]);
  const textOf = (name: keyof typeof fields) => fields[name]?.text() || undefined;
  const rule: KafkaRule = {
    role: textOf("role")?.toLowerCase(),
    apiKey: textOf("apiKey")?.toLowerCase(),
    apiVersion: textOf("apiVersion"),
    clientId: textOf("clientID"),
    topic: textOf("topic"),
    line: cursor.line,
  };
  if (rule.role !== undefined && rule.apiKey !== undefined) {
    cursor.fail(`cannot set both Role:"${rule.role}" and APIKey :"${rule.apiKey}" together`);
  }
  if (rule.role !== undefined && !kafkaRoles.includes(rule.role)) {
    fields.role?.fail(`invalid Kafka Role "${textOf("role")}"`, `want ${kafkaRoles.join(" or ")}`);
  }
  if (rule.apiVersion !== undefined && !/^\d+$/.test(rule.apiVersion)) {
    fields.apiVersion?.fail(`invalid Kafka APIVersion :"${rule.apiVersion}"`, "want a number");
  }
  const { topic } = rule;
  if (topic !== undefined && topic.length > kafkaTopicLengthMax) {
    fields.topic?.fail(`kafka topic exceeds maximum len of ${kafkaTopicLengthMax}`);
  }
  if (topic !== undefined && !kafkaTopicPattern.test(topic)) {
    fields.topic?.fail(`invalid Kafka Topic name "${topic}"`, "want a-z, A-Z, 0-9, ., -, _");
  }
  return rule;
}

/** Reads matchName or matchPattern: an item of `toFQDNs` or `rules.dns`. */
export function parseDnsRule(cursor: YamlCursor): DnsRule {
  const fields = cursor.fields(["matchName", "matchPattern"]);
  const matchName = fields.matchName?.text();
  const matchPattern = fields.matchPattern?.text();
  if (matchName && matchPattern) {
    cursor.fail(
      "only one of MatchName or MatchPattern is allowed in an FQDNSelector",
      "write two items",
    );
  }
  if (matchName !== undefined && !isNameText(matchName)) {
    fields.matchName?.fail(
      `Invalid characters in MatchName: "${matchName}". Only 0-9, a-z, A-Z and ., -, _ characters are allowed`,
      matchName.includes("*") ? "patterns go into matchPattern" : "",
    );
  }
  if (matchPattern !== undefined && !isPatternText(matchPattern)) {
    fields.matchPattern?.fail(
      `Invalid characters in MatchPattern: "${matchPattern}". Only 0-9, a-z, A-Z and ., -, _ and * characters are allowed`,
      "it is no regular expression",
    );
  }
  if ((matchName ?? matchPattern ?? "").length > fqdnLengthMax) {
    cursor.fail(`name or pattern longer than ${fqdnLengthMax} characters`);
  }
  return { matchName, matchPattern, line: cursor.line };
}

/** Plain characters and `.`, `.*`, `.+`: always right, which saves compiling. */
const plainExpression = /^(?:[-\w/ :=~!@#%&;,'"<>]|\.[*+]?)*$/;

/** Fails at `cursor` unless it is a regular expression that RE2 takes. */
function checkRegexp(cursor: YamlCursor): string {
  const source = cursor.text();
  if (plainExpression.test(source)) return source;
  try {
    compileRe2(source);
  } catch (thrown) {
    cursor.fail(errorMessage(thrown));
  }
  return source;
}
