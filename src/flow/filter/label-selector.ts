/**
 * Label selectors as Hubble takes them: Kubernetes' syntax (`a=b, c in (d,e), !f, g>1`) over Cilium's
 * labels (`k8s:app=web`). A key without a source matches every source. Error texts are Kubernetes'.
 */

import { ConfigError } from "../../base/errors.ts";
import { compareUtf8, quoteString } from "../../model/labels.ts";

/** Tests a flow's labels ("source:key=value"). */
export type LabelTest = (labels: readonly string[]) => boolean;

type Operator = "exists" | "!" | "in" | "notin" | "=" | "==" | "!=" | ">" | "<";
type TokenKind = "word" | "symbol" | "end";

interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

/** Compiles one selector. Throws ConfigError; the empty selector matches everything. */
export function compileLabelSelector(selector: string): LabelTest {
  const tests = new SelectorParser(translateSources(selector)).parse();
  return (labels) => {
    for (let i = 0; i < tests.length; i++) if (!tests[i]!(labels)) return false;
    return true;
  };
}

/**
 * Kubernetes has no colon in keys: `k8s:app` becomes `k8s.app`, and a key without a source gets
 * `any.`; the part before the first dot is the source again when the flow is tested.
 */
function translateSources(selector: string): string {
  let out = "";
  let at = 0;
  while (at < selector.length) {
    const lead = matchAt(/[\s!]*/y, selector, at);
    const key = matchAt(/[^\s=!,]*/y, selector, at + lead.length);
    out += lead + (key.includes(":") ? key : `any:${key}`).replace(":", ".");
    at += lead.length + key.length;
    let nesting = 0;
    while (at < selector.length) {
      const char = selector[at++] as string;
      out += char;
      if (char === "(") nesting++;
      else if (char === ")") nesting--;
      else if (char === "," && nesting === 0) break;
    }
  }
  return out;
}

function matchAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? "";
}

function refuse(why: string): never {
  throw new ConfigError(why, { path: "" });
}

function isOperand(token: Token): boolean {
  return token.kind === "word" || token.text === "!";
}

class SelectorParser {
  readonly #tokens: readonly Token[];
  #index = 0;

  constructor(text: string) {
    this.#tokens = tokenize(text);
  }

  parse(): LabelTest[] {
    const tests: LabelTest[] = [];
    for (;;) {
      const token = this.#peek();
      if (token.kind === "end") return tests;
      if (!isOperand(token)) {
        refuse(`found '${token.text}', expected: !, identifier, or 'end of string'`);
      }
      tests.push(this.#requirement());
      const next = this.#take();
      if (next.kind === "end") return tests;
      if (next.text !== ",") refuse(`found '${next.text}', expected: ',' or 'end of string'`);
      const after = this.#peek();
      if (!isOperand(after)) refuse(`found '${after.text}', expected: identifier after ','`);
    }
  }

  #requirement(): LabelTest {
    try {
      return this.#readRequirement();
    } catch (thrown) {
      if (!(thrown instanceof ConfigError)) throw thrown;
      throw new ConfigError(`unable to parse requirement: ${thrown.message}`, { path: "" });
    }
  }

  #readRequirement(): LabelTest {
    let token = this.#take();
    const isNegated = token.text === "!";
    if (isNegated) token = this.#take();
    if (token.kind !== "word") refuse(`found '${token.text}', expected: identifier`);
    checkKey(token.text);
    const next = this.#peek();
    if (isNegated) return compileRequirement(token.text, "!", []);
    if (next.kind === "end" || next.text === ",") {
      return compileRequirement(token.text, "exists", []);
    }
    const operator = this.#operator();
    const isList = operator === "in" || operator === "notin";
    return compileRequirement(token.text, operator, isList ? this.#values() : [this.#value()]);
  }

  #operator(): Operator {
    const { text } = this.#take();
    if (["in", "notin", "=", "==", "!=", ">", "<"].includes(text)) return text as Operator;
    return refuse(`found '${text}', expected: in, notin, =, ==, !=, gt, lt`);
  }

  #value(): string {
    const token = this.#peek();
    if (token.kind === "end" || token.text === ",") return "";
    this.#index++;
    if (token.kind === "word") return token.text;
    return refuse(`found '${token.text}', expected: identifier`);
  }

  #values(): string[] {
    const open = this.#take();
    if (open.text !== "(") refuse(`found '${open.text}' expected: '('`);
    const first = this.#peek();
    if (first.text === ")") {
      this.#index++;
      // "a in ()" asks for an empty value.
      return [""];
    }
    if (first.kind !== "word" && first.text !== ",") {
      refuse(`found '${first.text}', expected: ',', ')' or identifier`);
    }
    const values = this.#list();
    this.#index++;
    return values.sort(compareUtf8);
  }

  /** Up to the closing parenthesis, which is left. Missing items are empty strings. */
  #list(): string[] {
    const values = new Set<string>();
    for (;;) {
      const token = this.#take();
      if (token.kind === "word") {
        values.add(token.text);
        const next = this.#peek();
        if (next.text === ")") return [...values];
        if (next.text !== ",") refuse(`found '${next.text}', expected: ',' or ')'`);
      } else if (token.text === ",") {
        if (this.#emptyItems(values)) return [...values];
      } else refuse(`found '${token.text}', expected: ',', or identifier`);
    }
  }

  /** After a comma in a list: notes the items that are missing; whether the list ends here. */
  #emptyItems(values: Set<string>): boolean {
    if (values.size === 0) values.add("");
    const next = this.#peek();
    if (next.text !== ")" && next.text !== ",") return false;
    values.add("");
    if (next.text === ",") this.#index++;
    return next.text === ")";
  }

  #peek(): Token {
    return this.#tokens[this.#index] ?? { kind: "end", text: "" };
  }

  #take(): Token {
    const token = this.#peek();
    this.#index++;
    return token;
  }
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  // `in` and `notin` are words; the parser knows where they are operators.
  for (const match of text.matchAll(/==|!=|[=!(),<>]|[^ \t\r\n=!(),<>]+/g)) {
    const isSymbol = /^[=!(),<>]/.test(match[0]);
    tokens.push({ kind: isSymbol ? "symbol" : "word", text: match[0] });
  }
  return tokens;
}

function compileRequirement(
  dotted: string,
  operator: Operator,
  values: readonly string[],
): LabelTest {
  checkValues(dotted, operator, values);
  const dotAt = dotted.indexOf(".");
  const source = dotted.slice(0, dotAt);
  const key = dotted.slice(dotAt + 1);
  const wanted = new Set(values);
  const bound = parseInt64(values[0] ?? "") ?? 0n;
  const find = (labels: readonly string[]) => findValue(labels, source, key);
  switch (operator) {
    case "exists":
      return (labels) => find(labels) !== undefined;
    case "!":
      return (labels) => find(labels) === undefined;
    case ">":
    case "<":
      return (labels) => {
        const value = find(labels);
        const number = value === undefined ? undefined : parseInt64(value);
        if (number === undefined) return false;
        return operator === ">" ? number > bound : number < bound;
      };
    case "notin":
    case "!=":
      return (labels) => {
        const value = find(labels);
        return value === undefined || !wanted.has(value);
      };
    default:
      return (labels) => {
        const value = find(labels);
        return value !== undefined && wanted.has(value);
      };
  }
}

/** The value of the first label with this key and source ("any" = every source). */
function findValue(labels: readonly string[], source: string, key: string): string | undefined {
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    const colonAt = label.indexOf(":");
    const start = colonAt + 1;
    if (source !== "any" && (colonAt < 0 ? "unspec" : label.slice(0, colonAt)) !== source) continue;
    if (!label.startsWith(key, start)) continue;
    const end = start + key.length;
    if (end === label.length) return "";
    if (label[end] === "=") return label.slice(end + 1);
  }
  return undefined;
}

/** A whole number of 64 bits, as Go's ParseInt reads it. */
function parseInt64(text: string): bigint | undefined {
  if (!/^[-+]?\d+$/.test(text)) return undefined;
  const number = BigInt(text.replace(/^\+/, ""));
  return BigInt.asIntN(64, number) === number ? number : undefined;
}

const namePattern = /^(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const domainPattern = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
const nameRule =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const nameExample =
  "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const domainRule =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const nameLengthMax = 63;
const domainLengthMax = 253;

function checkKey(key: string): void {
  const faults: string[] = [];
  const parts = key.split("/");
  const name = parts.at(-1) as string;
  const prefix = parts.length === 2 ? (parts[0] as string) : undefined;
  if (parts.length > 2) {
    faults.push(
      `a qualified name ${nameRule} ${nameExample} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    );
  } else {
    if (prefix === "") faults.push("prefix part must be non-empty");
    else if (prefix !== undefined) {
      if (prefix.length > domainLengthMax) {
        faults.push(`prefix part must be no more than ${domainLengthMax} characters`);
      }
      if (!domainPattern.test(prefix)) faults.push(`prefix part ${domainRule}`);
    }
    if (name === "") faults.push("name part must be non-empty");
    else if (name.length > nameLengthMax) {
      faults.push(`name part must be no more than ${nameLengthMax} characters`);
    }
    if (!namePattern.test(name)) faults.push(`name part ${nameRule} ${nameExample}`);
  }
  if (faults.length > 0) {
    refuse(`<nil>: Invalid value: ${quoteString(key)}: ${faults.join("; ")}`);
  }
}

function checkValues(key: string, operator: Operator, values: readonly string[]): void {
  const faults: string[] = [];
  for (const [index, value] of values.entries()) {
    const shown = quoteString(value);
    if ((operator === ">" || operator === "<") && parseInt64(value) === undefined) {
      faults.push(
        `values[${index}]: Invalid value: ${shown}: for 'Gt', 'Lt' operators, the value must be an integer`,
      );
    }
    const problems: string[] = [];
    if (value.length > nameLengthMax) {
      problems.push(`must be no more than ${nameLengthMax} characters`);
    }
    if (value !== "" && !namePattern.test(value)) {
      problems.push(
        `a valid label must be an empty string or ${nameRule.replace("must consist", "consist")} (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`,
      );
    }
    if (problems.length > 0) {
      faults.push(`values[${index}][${key}]: Invalid value: ${shown}: ${problems.join("; ")}`);
    }
  }
  if (faults.length === 1) refuse(faults[0] as string);
  if (faults.length > 1) refuse(`[${faults.join(", ")}]`);
}
