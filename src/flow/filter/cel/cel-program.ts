/**
 * Checks a CEL expression over one flow, called `_flow`, and compiles it to closures, in one walk:
 * every node gets its type and what computes it. Names are looked up in the package `flow`, so that
 * `Verdict.DROPPED` is an enum's number. The rules and error texts are cel-go's; an expression must
 * be a bool. Cost of a run: one closure call a node, bigints where the expression has integers.
 */

import { ConfigError } from "../../../base/errors.ts";
import { type Flow, timestampNanos } from "../../model/flow.ts";
import { enumNumbers } from "../../model/generated/enums.ts";
import { type Field, messageSchemas } from "../../model/message-schema.ts";
import { CelFault, type CelValue, celFunctions } from "./cel-functions.ts";
import { type CelNode, celErrorText, parseCel } from "./cel-syntax.ts";
import {
  type Bindings,
  type CelType,
  fieldType,
  fits,
  itemType,
  joinTypes,
  listOf,
  simple,
  substitute,
  typeText,
} from "./cel-type.ts";

/** The variables of a run by slot: 0 is the flow, the others belong to macros. */
type Frame = CelValue[];
type Run = (frame: Frame) => CelValue;

interface Checked {
  readonly type: CelType;
  readonly run: Run;
}

interface Variable extends Checked {
  readonly name: string;
}

type CallNode = Extract<CelNode, { kind: "call" }>;
type SelectNode = Extract<CelNode, { kind: "select" }>;

const container = "flow";
const wrong: Checked = { type: simple("error"), run: () => null };

/**
 * Compiles a test of flows: some expression must be true. Throws ConfigError "error compiling CEL
 * expression: …". An expression that has no value for a flow (an index beyond a list, say) ends its
 * test: the flow does not match, whatever the expressions after it say.
 */
export function compileCelExpressions(texts: readonly string[]): (flow: Flow) => boolean {
  const runs = texts.map(compileExpression);
  return (flow) => {
    try {
      return runs.some((run) => run([flow as CelValue]) === true);
    } catch (thrown) {
      if (thrown instanceof CelFault) return false;
      throw thrown;
    }
  };
}

function compileExpression(text: string): Run {
  const { type, run } = checkExpression(text);
  if (type.kind !== "bool") {
    // The one place where cel-go gives this type its full name.
    const got = type.kind === "null" ? "null_type" : typeText(type);
    throw new ConfigError(
      `error compiling CEL expression: got "${got}", wanted "bool" result type`,
      { path: "" },
    );
  }
  return run;
}

function checkExpression(text: string): Checked {
  let faults: readonly string[];
  try {
    const checker = new Checker(text);
    const checked = checker.check(parseCel(text));
    if (checker.faults.length === 0) return checked;
    faults = checker.faults.sort((x, y) => x.at - y.at).map(({ message }) => message);
  } catch (thrown) {
    if (!(thrown instanceof Error) || thrown.name !== "ParseError") throw thrown;
    faults = [thrown.message];
  }
  throw new ConfigError(`error compiling CEL expression: ${faults.join("\n")}`, { path: "" });
}

class Checker {
  /** In the order of the walk; offsets in UTF-16 units. */
  readonly faults: { readonly at: number; readonly message: string }[] = [];
  readonly #text: string;
  /** Innermost last. */
  readonly #scope: Variable[] = [
    { name: "_flow", type: { kind: "message", name: "flow.Flow" }, run: (frame) => frame[0]! },
  ];

  constructor(text: string) {
    this.#text = text;
  }

  check(node: CelNode): Checked {
    switch (node.kind) {
      case "literal": {
        const { value } = node;
        return { type: simple(node.type), run: () => value };
      }
      case "name":
        return this.#lookUp(node.name) ?? this.#undeclared(node.name, node.at);
      case "select":
        return this.#select(node);
      case "list":
        return this.#list(node.items);
      case "map":
        return this.#map(node.entries);
      case "call":
        return this.#call(node);
    }
  }

  /** A variable, or an enum's constant by its name in the package or in full. */
  #lookUp(name: string): Checked | undefined {
    const variable = this.#scope.findLast((candidate) => candidate.name === name);
    if (variable !== undefined) return variable;
    const dotAt = name.lastIndexOf(".");
    const enumName = name.slice(0, dotAt);
    const constant = name.slice(dotAt + 1);
    const numbers = enumNumbers[`${container}.${enumName}`] ?? enumNumbers[enumName];
    if (dotAt < 0 || numbers === undefined || !Object.hasOwn(numbers, constant)) return undefined;
    const value = BigInt(numbers[constant] as number);
    return { type: simple("int"), run: () => value };
  }

  #undeclared(name: string, at: number): Checked {
    return this.#fault(at, `undeclared reference to '${name}' (in container '${container}')`);
  }

  #fault(at: number, why: string): Checked {
    this.faults.push({ at, message: celErrorText(this.#text, at, why) });
    return wrong;
  }

  #select(node: SelectNode): Checked {
    const name = qualifiedName(node);
    const constant = name === undefined ? undefined : this.#lookUp(name);
    if (constant !== undefined) return constant;
    const { type, run } = this.check(node.of);
    const { field: name_ } = node;
    if (type.kind === "message") {
      const field = fieldOf(type.name, name_);
      if (field === undefined) return this.#fault(node.at, `undefined field '${name_}'`);
      return { type: fieldType(field), run: readField(run, field) };
    }
    if (type.kind === "map") return { type: type.value, run: (frame) => keyOf(run(frame), name_) };
    if (type.kind === "dyn" || type.kind === "error") {
      return { type, run: (frame) => keyOf(run(frame), name_) };
    }
    return this.#fault(node.at, `type '${typeText(type)}' does not support field selection`);
  }

  #list(items: readonly CelNode[]): Checked {
    let item: CelType | undefined;
    const runs = items.map((node) => {
      const checked = this.check(node);
      item = joinTypes(item, checked.type);
      return checked.run;
    });
    return { type: listOf(item ?? simple("dyn")), run: (frame) => runs.map((run) => run(frame)) };
  }

  #map(entries: readonly (readonly [CelNode, CelNode])[]): Checked {
    let key: CelType | undefined;
    let value: CelType | undefined;
    const runs = entries.map(([keyNode, valueNode]) => {
      const checkedKey = this.check(keyNode);
      const checkedValue = this.check(valueNode);
      key = joinTypes(key, checkedKey.type);
      value = joinTypes(value, checkedValue.type);
      return [checkedKey.run, checkedValue.run] as const;
    });
    return {
      type: { kind: "map", key: key ?? simple("dyn"), value: value ?? simple("dyn") },
      run: (frame) => new Map(runs.map(([k, v]) => [k(frame), v(frame)] as const)),
    };
  }

  #call(node: CallNode): Checked {
    const { name, target, args } = node;
    if (name === "has" && target === undefined && args.length === 1) return this.#has(node);
    if (name === "_?_:_") return this.#choice(node);
    if (name === "_&&_" || name === "_||_") return this.#logic(node);
    const isMacro = ["all", "exists", "exists_one", "map", "filter"].includes(name);
    if (
      isMacro &&
      target !== undefined &&
      (args.length === 2 || (name === "map" && args.length === 3))
    ) {
      return this.#macro(node, target);
    }
    const operands = [...(target === undefined ? [] : [target]), ...args].map((arg) =>
      this.check(arg),
    );
    return this.#overload(node, operands);
  }

  #overload(node: CallNode, operands: readonly Checked[]): Checked {
    const { name, target, at } = node;
    const isMember = target !== undefined;
    const overloads = Object.hasOwn(celFunctions, name) ? celFunctions[name] : undefined;
    if (overloads === undefined) return this.#undeclared(name, at);
    if (operands.some(({ type }) => type.kind === "error")) return wrong;
    for (const overload of overloads) {
      if (overload.isMember !== isMember || overload.params.length !== operands.length) continue;
      const bindings: Bindings = new Map();
      const fitting = operands.every(({ type }, i) => fits(type, overload.params[i]!, bindings));
      if (!fitting) continue;
      return { type: substitute(overload.result, bindings), run: runCall(overload.run, operands) };
    }
    const types = operands.map(({ type }) => typeText(type));
    const shown = isMember ? `${types[0]}.(${types.slice(1).join(", ")})` : `(${types.join(", ")})`;
    return this.#fault(at, `found no matching overload for '${name}' applied to '${shown}'`);
  }

  #has(node: CallNode): Checked {
    const argument = node.args[0] as CelNode;
    if (argument.kind !== "select") {
      return this.#fault(argument.at, "invalid argument to has() macro");
    }
    const { type, run } = this.check(argument.of);
    const bool = simple("bool");
    const { field: name } = argument;
    if (type.kind === "message") {
      const field = fieldOf(type.name, name);
      if (field === undefined) return this.#fault(node.at, `undefined field '${name}'`);
      return { type: bool, run: (frame) => isSet(fieldsOf(run(frame))[name], field) };
    }
    if (type.kind === "map" || type.kind === "dyn" || type.kind === "error") {
      return { type: bool, run: (frame) => hasKey(run(frame), name) };
    }
    return this.#fault(node.at, `type '${typeText(type)}' does not support field selection`);
  }

  #choice(node: CallNode): Checked {
    const [condition, yes, no] = node.args.map((arg) => this.check(arg)) as [
      Checked,
      Checked,
      Checked,
    ];
    if (!fits(condition.type, simple("bool"), new Map()) || !areAlike(yes.type, no.type)) {
      const types = [condition, yes, no].map(({ type }) => typeText(type)).join(", ");
      return this.#fault(node.at, `found no matching overload for '_?_:_' applied to '(${types})'`);
    }
    return {
      type: joinTypes(yes.type, no.type),
      run: (frame) => (condition.run(frame) === true ? yes.run(frame) : no.run(frame)),
    };
  }

  /** A side that has no value does not matter where the other side decides. */
  #logic(node: CallNode): Checked {
    const [left, right] = node.args.map((arg) => this.check(arg)) as [Checked, Checked];
    const bool = simple("bool");
    let isWrong = false;
    for (const [index, { type }] of [left, right].entries()) {
      if (fits(type, bool, new Map())) continue;
      isWrong = true;
      const why = `expected type 'bool' but found '${typeText(type)}'`;
      this.#fault((node.args[index] as CelNode).at, why);
    }
    if (isWrong) return wrong;
    const decides = node.name === "_||_";
    return {
      type: bool,
      run: (frame) => {
        let fault: CelFault;
        try {
          if (left.run(frame) === decides) return decides;
          return right.run(frame) === true;
        } catch (thrown) {
          if (!(thrown instanceof CelFault)) throw thrown;
          fault = thrown;
        }
        if (right.run(frame) === decides) return decides;
        throw fault;
      },
    };
  }

  #macro(node: CallNode, target: CelNode): Checked {
    const range = this.check(target);
    const [variable, ...bodies] = node.args as [CelNode, ...CelNode[]];
    if (variable.kind !== "name") return this.#fault(variable.at, "argument must be a simple name");
    const slot = this.#scope.length;
    this.#scope.push({
      name: variable.name,
      type: itemOf(range.type),
      run: (frame) => frame[slot]!,
    });
    const checked = bodies.map((body) => this.check(body));
    this.#scope.pop();
    if (!["list", "map", "dyn", "error"].includes(range.type.kind)) {
      const why = `expression of type '${typeText(range.type)}' cannot be range of a comprehension (must be list, map, or dynamic)`;
      return this.#fault(target.at, why);
    }
    const bool = simple("bool");
    const tests = node.name === "map" ? checked.slice(0, -1) : checked;
    for (const { type } of tests) {
      if (fits(type, bool, new Map())) continue;
      return this.#fault(node.at, `expected type 'bool' but found '${typeText(type)}'`);
    }
    return runMacro({ node, range, slot, checked });
  }
}

function qualifiedName(node: CelNode): string | undefined {
  if (node.kind === "name") return node.name;
  if (node.kind !== "select") return undefined;
  const outer = qualifiedName(node.of);
  return outer === undefined ? undefined : `${outer}.${node.field}`;
}

function fieldOf(message: string, name: string): Field | undefined {
  const field = messageSchemas.get(message)?.byName.get(name);
  return field?.name === name ? field : undefined;
}

function itemOf(range: CelType): CelType {
  if (range.kind === "list") return range.item;
  return range.kind === "map" ? range.key : simple("dyn");
}

function areAlike(x: CelType, y: CelType): boolean {
  return fits(x, y, new Map()) || fits(y, x, new Map());
}

function runCall(run: (...args: CelValue[]) => CelValue, operands: readonly Checked[]): Run {
  const [first, second] = operands as [Checked, Checked | undefined];
  const runFirst = first.run;
  if (second === undefined) return (frame) => run(runFirst(frame));
  const runSecond = second.run;
  return (frame) => run(runFirst(frame), runSecond(frame));
}

function fieldsOf(value: CelValue): { readonly [field: string]: unknown } {
  return (value ?? {}) as { readonly [field: string]: unknown };
}

function keyOf(value: CelValue, key: string): CelValue {
  const found = value instanceof Map ? value.get(key) : fieldsOf(value)[key];
  if (found === undefined) throw new CelFault(`no such key: ${key}`);
  return found as CelValue;
}

function hasKey(value: CelValue, key: string): boolean {
  return value instanceof Map ? value.has(key) : fieldsOf(value)[key] !== undefined;
}

/** Reads a field; absent ones have their default, messages an empty one. */
function readField(of: Run, field: Field): Run {
  const { name } = field;
  const convert = converter(field);
  if (!field.isRepeated) return (frame) => convert(fieldsOf(of(frame))[name]);
  return (frame) => {
    const list = fieldsOf(of(frame))[name] as readonly unknown[] | undefined;
    return list === undefined ? [] : list.map(convert);
  };
}

/** From the JSON form to CEL's values. */
function converter(field: Field): (value: unknown) => CelValue {
  const type = itemType(field);
  switch (type.kind) {
    case "wrapper":
      if (type.of.kind === "bool") return (value) => (value ?? null) as CelValue;
      return (value) => (value === undefined ? null : BigInt(value as number));
    case "message":
      return (value) => (value ?? {}) as CelValue;
    case "string":
      return (value) => (value ?? "") as string;
    case "bool":
      return (value) => value === true;
    case "double":
      return (value) => (value ?? 0) as number;
    case "timestamp":
      return (value) => timestampNanos((value ?? "") as string) ?? 0n;
    case "int":
    case "uint":
      if (field.kind === "enum") return (value) => enumNumber(field, value);
      return (value) => BigInt((value ?? 0) as number | string);
    default:
      return (value) => (value ?? null) as CelValue;
  }
}

function enumNumber(field: Field, value: unknown): bigint {
  if (typeof value === "string") return BigInt(field.numberByName[value] ?? 0);
  return BigInt((value ?? 0) as number);
}

/** As protobuf sees it: messages and wrappers when there, scalars when not the default. */
function isSet(value: unknown, field: Field): boolean {
  if (value === undefined || value === null) return false;
  if (field.isRepeated) return (value as readonly unknown[]).length > 0;
  if (field.hasPresence || field.kind === "message" || field.kind === "any") return true;
  if (field.type.startsWith("google.protobuf.")) return true;
  if (field.kind === "enum") return enumNumber(field, value) !== 0n;
  return value !== "" && value !== 0 && value !== "0" && value !== false;
}

interface Macro {
  readonly node: CallNode;
  readonly range: Checked;
  readonly slot: number;
  readonly checked: readonly Checked[];
}

function runMacro({ node, range, slot, checked }: Macro): Checked {
  const [first, second] = checked as [Checked, Checked | undefined];
  const bool = simple("bool");
  const items = (frame: Frame) => rangeItems(range.run(frame));
  const test = (frame: Frame, item: CelValue) => {
    frame[slot] = item;
    return first.run(frame) === true;
  };
  switch (node.name) {
    case "all":
      return { type: bool, run: (frame) => !decide(items(frame), (item) => !test(frame, item)) };
    case "exists":
      return { type: bool, run: (frame) => decide(items(frame), (item) => test(frame, item)) };
    case "exists_one":
      return {
        type: bool,
        run: (frame) => items(frame).filter((item) => test(frame, item)).length === 1,
      };
    case "filter":
      return {
        type: listOf(itemOf(range.type)),
        run: (frame) => items(frame).filter((item) => test(frame, item)),
      };
    default: {
      const body = second ?? first;
      const run: Run = (frame) => {
        const kept =
          second === undefined ? items(frame) : items(frame).filter((item) => test(frame, item));
        return kept.map((item) => {
          frame[slot] = item;
          return body.run(frame);
        });
      };
      return { type: listOf(body.type), run };
    }
  }
}

function rangeItems(range: CelValue): readonly CelValue[] {
  if (range instanceof Map) return [...range.keys()];
  if (Array.isArray(range)) return range;
  throw new CelFault("the range of a macro is neither list nor map");
}

/** Whether some item passes; a fault counts only where none does. */
function decide(items: readonly CelValue[], test: (item: CelValue) => boolean): boolean {
  let fault: CelFault | undefined;
  for (const item of items) {
    try {
      if (test(item)) return true;
    } catch (thrown) {
      if (!(thrown instanceof CelFault)) throw thrown;
      fault = thrown;
    }
  }
  if (fault !== undefined) throw fault;
  return false;
}
