/**
 * prom/promql-grammar: every recorded query through our parser and through the grammar of Prometheus'
 * own editor (@prometheus-io/lezer-promql); a case is one query, and passes where both take it or
 * both refuse it. A grammar checks no types and knows a few things differently; each such difference
 * is in the tables below with its reason, and an unused one fails.
 */

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parser as lezerParser } from "@prometheus-io/lezer-promql";
import { errorMessage } from "../../src/base/errors.ts";
import { parseExpr } from "../../src/promql/parser.ts";
import { parseScript } from "../../src/promql/testing/promql-script.ts";
import { scriptParserOptions } from "../../src/promql/testing/script-runner.ts";
import type { Suite } from "../suite.ts";

interface KnownDifference {
  readonly reason: string;
  readonly pattern: RegExp;
}

/** Our errors where the grammar accepts: what is wrong is not the shape of the query. */
const semanticErrors: readonly KnownDifference[] = [
  {
    reason: "types and arguments are checked after parsing",
    pattern: /expected type|argument\(s\) in call|no arguments for aggregate/,
  },
  {
    reason: "ranges and offsets are checked against what they follow",
    pattern: /ranges only allowed|offset may not be set|offset modifier must be preceded/,
  },
  {
    reason: "binary operators are checked against the types of their sides",
    pattern:
      /must use BOOL modifier|not allowed in binary scalar|vector matching only|bool modifier can only|ON and GROUP clause/,
  },
  {
    reason: "matchers are judged by their meaning",
    pattern: /error parsing regexp|non-empty matcher|metric name must not be set twice/,
  },
  {
    reason: "values are judged by their size",
    pattern: /duration must be greater than 0|timestamp out of bounds/,
  },
  { reason: "the grammar does not look into escapes", pattern: /unknown escape sequence/ },
];

/** Queries that the grammar of the editor refuses though Prometheus takes them. */
const narrowGrammar: readonly KnownDifference[] = [
  { reason: "the grammar takes step() in lower case only", pattern: /STEP|STep/ },
  {
    reason: "the grammar knows min_of and max_of inside brackets only",
    pattern: /^(min|max)_of\(/,
  },
  { reason: "the grammar wants a digit behind the point", pattern: /^2\.$/ },
];

async function readDistinctQueries(dataDir: string): Promise<readonly string[]> {
  const folder = join(dataDir, "prom");
  const recorded = JSON.parse(
    await readFile(join(folder, "promql", "queries.json"), "utf8"),
  ) as readonly { readonly params: { readonly query?: string } }[];
  const queries = new Set(recorded.flatMap(({ params }) => params.query ?? []));
  const requests = JSON.parse(
    await readFile(join(folder, "httpapi", "cases.json"), "utf8"),
  ) as readonly { readonly params: readonly (readonly [string, string])[] }[];
  for (const { params } of requests) {
    for (const [name, value] of params) if (name === "query") queries.add(value);
  }
  const scripts = join(folder, "promqltest");
  for (const file of (await readdir(scripts)).filter((name) => name.endsWith(".test")).sort()) {
    for (const command of parseScript(await readFile(join(scripts, file), "utf8"))) {
      if (command.kind === "eval") queries.add(command.query);
    }
  }
  return [...queries];
}

function isAcceptedByGrammar(query: string): boolean {
  let isAccepted = true;
  lezerParser.parse(query).iterate({
    enter(node) {
      if (node.type.isError) isAccepted = false;
    },
  });
  return isAccepted;
}

function ourError(query: string): string | undefined {
  try {
    parseExpr(query, scriptParserOptions);
    return undefined;
  } catch (thrown) {
    return errorMessage(thrown);
  }
}

/** The suite. */
export const promqlGrammarSuite: Suite = {
  name: "prom/promql-grammar",

  async countCases(dataDir) {
    return (
      (await readDistinctQueries(dataDir)).length + semanticErrors.length + narrowGrammar.length
    );
  },

  async run(dataDir, reporter) {
    const used = new Set<KnownDifference>();
    for (const [index, query] of (await readDistinctQueries(dataDir)).entries()) {
      const error = ourError(query);
      const isAccepted = isAcceptedByGrammar(query);
      const caseName = `query ${index + 1}`;
      if (isAccepted === (error === undefined)) {
        reporter.pass(caseName);
        continue;
      }
      const known =
        error === undefined
          ? narrowGrammar.find(({ pattern }) => pattern.test(query))
          : semanticErrors.find(({ pattern }) => pattern.test(error));
      if (known !== undefined) {
        used.add(known);
        reporter.pass(caseName);
      } else {
        const ours = error === undefined ? "we accept" : `we say ${error}`;
        reporter.fail(caseName, `${query}\n  ${ours}, the grammar does not`);
      }
    }
    for (const known of [...semanticErrors, ...narrowGrammar]) {
      const caseName = `difference "${known.reason}"`;
      if (used.has(known)) reporter.pass(caseName);
      else reporter.fail(caseName, "no query differs like this any more");
    }
  },
};
