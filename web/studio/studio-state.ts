/**
 * The studio's state in the address, and what it means for the list of metrics. `h` is the handler at
 * hand, `opt` its options as Hubble writes them; `set` holds further metrics that were changed or added,
 * `off` enabled ones that were switched off; `over` how long back flows are counted. All pure.
 */

/** What the address says. */
export interface StudioState {
  readonly handler: string;
  /** Options of the handler at hand. */
  readonly options: string;
  /** The metrics as they would be, one an entry. */
  readonly wanted: readonly string[];
  /** The metrics as they are. */
  readonly enabled: readonly string[];
  readonly isOn: (handler: string) => boolean;
  /** The text of a handler's metric, its name alone where it is not wanted. */
  readonly textOf: (handler: string) => string;
  readonly isChanged: boolean;
  readonly over: string;
  readonly price: string;
}

/** Windows to count over. */
export const overChoices = ["15m", "1h", "6h", "24h", "7d"] as const;
const overDefault = "6h";

/** Reads the address; `names` are all handlers in the order in which they are shown. */
export function readStudioState(
  params: URLSearchParams,
  enabled: readonly string[],
  names: readonly string[],
): StudioState {
  const off = words(params.get("off"));
  const changed = new Map(words(params.get("set")).map((text) => [handlerOf(text), text]));
  const before = new Map(enabled.map((text) => [handlerOf(text), text]));
  const asked = params.get("h") ?? "";
  const handler = names.includes(asked) ? asked : (before.keys().next().value ?? names[0] ?? "");
  const opt = params.get("opt");
  if (opt !== null) changed.set(handler, metricText(handler, opt));
  const kept = [...before.keys(), ...[...changed.keys()].filter((name) => !before.has(name))];
  const wanted = kept
    .filter((name) => !off.includes(name))
    .map((name) => changed.get(name) ?? before.get(name) ?? name);
  const textOf = (name: string) => changed.get(name) ?? before.get(name) ?? name;
  return {
    handler,
    options: optionsOf(textOf(handler)),
    wanted,
    enabled,
    isOn: (name) => wanted.some((text) => handlerOf(text) === name),
    textOf,
    isChanged: wanted.join(" ") !== enabled.join(" "),
    over: params.get("over") ?? overDefault,
    price: params.get("price") ?? "",
  };
}

type Update = Readonly<Record<string, string | null>>;

/** Goes to another handler; what was changed at this one is kept. */
export function chooseHandler(state: StudioState, name: string): Update {
  return { ...keepChange(state, state.textOf(state.handler)), h: name, opt: null };
}

/** Writes options of the handler at hand, which switches it on. */
export function writeOptions(state: StudioState, options: string): Update {
  const off = offNames(state).filter((name) => name !== state.handler);
  return { h: state.handler, opt: options, off: joined(off) };
}

/** Switches a handler on or off. */
export function toggleHandler(state: StudioState, name: string): Update {
  const off = offNames(state);
  const changed = changedTexts(state).filter((text) => handlerOf(text) !== name);
  const isEnabled = state.enabled.some((text) => handlerOf(text) === name);
  if (state.isOn(name)) {
    const isOpt = name === state.handler ? { opt: null } : {};
    const next = isEnabled ? [...off, name] : off;
    return { ...isOpt, h: state.handler, off: joined(next), set: joined(changed) };
  }
  const added = isEnabled ? changed : [...changed, state.textOf(name)];
  return {
    h: state.handler,
    off: joined(off.filter((one) => one !== name)),
    set: joined(added),
  };
}

/** Takes back every change. */
export const resetUpdate: Update = { opt: null, set: null, off: null };

function keepChange(state: StudioState, text: string): Update {
  const others = changedTexts(state).filter((one) => handlerOf(one) !== state.handler);
  const isChanged = state.isOn(state.handler) && !state.enabled.includes(text);
  return { set: joined(isChanged ? [...others, text] : others) };
}

function changedTexts({ wanted, enabled }: StudioState): string[] {
  return wanted.filter((text) => !enabled.includes(text));
}

function offNames({ enabled, isOn }: StudioState): string[] {
  return enabled.map(handlerOf).filter((name) => !isOn(name));
}

function joined(texts: readonly string[]): string | null {
  return texts.length === 0 ? null : texts.join(" ");
}

function words(text: string | null): string[] {
  return (text ?? "").split(/\s+/).filter((word) => word !== "");
}

/** The name before the colon. */
export function handlerOf(text: string): string {
  return text.split(":")[0] ?? "";
}

/** What stands behind the colon. */
export function optionsOf(text: string): string {
  const at = text.indexOf(":");
  return at < 0 ? "" : text.slice(at + 1);
}

/** A metric of the list. */
export function metricText(handler: string, options: string): string {
  return options === "" ? handler : `${handler}:${options}`;
}

/** The value of an option, undefined where it is not there; "" for a flag. Case does not matter. */
export function optionValue(options: string, name: string): string | undefined {
  const found = options
    .split(";")
    .findLast((option) => (option.split("=")[0] ?? "").toLowerCase() === name.toLowerCase());
  if (found === undefined) return undefined;
  const at = found.indexOf("=");
  return at < 0 ? "" : found.slice(at + 1);
}

/** Options with one of them set ("" = a flag), or taken out (undefined); its place stays. */
export function withOption(options: string, name: string, value: string | undefined): string {
  const lower = name.toLowerCase();
  const parts = options.split(";").filter((part) => part !== "");
  const isIt = (part: string) => (part.split("=")[0] ?? "").toLowerCase() === lower;
  const at = parts.findIndex(isIt);
  const others = parts.filter((part) => !isIt(part));
  if (value === undefined) return others.join(";");
  const text = value === "" ? name : `${name}=${value}`;
  others.splice(at < 0 ? others.length : at, 0, text);
  return others.join(";");
}

/** Options with a label of labelsContext added or taken out. */
export function toggleLabel(options: string, label: string): string {
  const now = (optionValue(options, "labelsContext") ?? "").split(",").filter((one) => one !== "");
  const next = now.includes(label) ? now.filter((one) => one !== label) : [...now, label];
  return withOption(options, "labelsContext", next.length === 0 ? undefined : next.join(","));
}
