/** The flags of `ciliascope observe`: those of `hubble observe`, and where the demo's flows are. */

import { ConfigError, errorMessage } from "../../base/errors.ts";
import { type FlowFilter, parseFlowFilter } from "../../flow/filter/flow-filter.ts";
import { messageSchemas } from "../../flow/model/message-schema.ts";
import {
  FilterFlags,
  filterFlagHelp,
  optionalFilterValues,
} from "../../flow/observe/filter-flags.ts";
import { splitJsonStream } from "../../flow/observe/json-stream.ts";
import { timeFormatNames } from "../../flow/print/time-layout.ts";
import { type FlagSpec, parseBoolFlag, parseUintFlag } from "../flag-set.ts";

/** The values of the flags. */
export interface ObserveOptions {
  all: boolean;
  last: number;
  first: number;
  follow: boolean;
  since: string;
  until: string;
  output: string;
  timeFormat: string;
  hasNodeName: boolean;
  hasPolicyNames: boolean;
  hasNames: boolean;
  isNumeric: boolean;
  color: string;
  isSilent: boolean;
  isDebug: boolean;
  isHelp: boolean;
  printRawFilters: boolean;
  inputFile: string;
  dataDir: string;
  /** "" = none. */
  configFile: string;
  /** "" = flow by flow. */
  aggregateBy: string;
  useDefaultMasks: boolean;
  readonly fieldMask: string[];
  readonly allowList: string[];
  readonly denyList: string[];
  readonly filters: FilterFlags;
}

const shortFilterNames: Readonly<Record<string, string>> = {
  type: "t",
  ipv4: "4",
  ipv6: "6",
  namespace: "n",
  "all-namespaces": "A",
  label: "l",
};

/** Flags by group, for parsing and for help. */
export interface ObserveFlags {
  readonly options: ObserveOptions;
  readonly groups: Readonly<Record<string, readonly FlagSpec[]>>;
}

/** Options with their defaults, and the flags that set them. */
export function observeFlags(): ObserveFlags {
  const options: ObserveOptions = {
    all: false,
    last: 0,
    first: 0,
    follow: false,
    since: "",
    until: "",
    output: "compact",
    timeFormat: "StampMilli",
    hasNodeName: false,
    hasPolicyNames: false,
    hasNames: true,
    isNumeric: false,
    color: "auto",
    isSilent: false,
    isDebug: false,
    isHelp: false,
    printRawFilters: false,
    inputFile: "",
    dataDir: "./data",
    configFile: "",
    aggregateBy: "",
    useDefaultMasks: false,
    fieldMask: [],
    allowList: [],
    denyList: [],
    filters: new FilterFlags(),
  };
  return {
    options,
    groups: {
      Selectors: selectorFlags(options),
      Filters: filterFlags(options),
      "Raw filters": rawFilterFlags(options),
      Formatting: formattingFlags(options),
      Other: otherFlags(options),
    },
  };
}

/** The lists of the flags and of `--allowlist` and `--denylist`. Throws ConfigError. */
export function requestedFilters(options: ObserveOptions): {
  readonly allow: FlowFilter[];
  readonly deny: FlowFilter[];
} {
  const { allow, deny } = options.filters.lists();
  return {
    allow: [...allow, ...parseRawFilters(options.allowList, "allowlist")],
    deny: [...deny, ...parseRawFilters(options.denyList, "denylist")],
  };
}

/** Refuses a path that no flow has. Throws ConfigError in Go's words. */
export function checkFieldMask(paths: readonly string[]): void {
  for (const path of paths) {
    let message = messageSchemas.get("flow.Flow");
    for (const part of path.split(".")) {
      const field = message?.byName.get(part);
      if (field === undefined || field.name !== part) {
        throw new ConfigError(
          `failed to construct field mask: proto: invalid path "${path}" for message "flow.Flow"`,
          { path: "" },
        );
      }
      message = field.isRepeated ? undefined : field.message;
    }
  }
}

type TextOption =
  | "aggregateBy"
  | "since"
  | "until"
  | "output"
  | "timeFormat"
  | "color"
  | "inputFile"
  | "configFile"
  | "dataDir";
type BoolOption = {
  [Name in keyof ObserveOptions]: ObserveOptions[Name] extends boolean ? Name : never;
}[keyof ObserveOptions];

function bool(
  options: ObserveOptions,
  name: BoolOption,
  spec: Pick<FlagSpec, "name" | "short" | "help">,
): FlagSpec {
  const set = (value: string) => {
    options[name] = parseBoolFlag(value);
  };
  return { ...spec, bareValue: "true", set };
}

function text(
  options: ObserveOptions,
  name: TextOption,
  spec: Pick<FlagSpec, "name" | "short" | "help">,
): FlagSpec {
  const set = (value: string) => {
    options[name] = value;
  };
  return { ...spec, valueName: "string", set };
}

function selectorFlags(options: ObserveOptions): FlagSpec[] {
  const layouts =
    "a duration back from now (3s, 1h43m) or a time (--time-format lists the layouts)";
  return [
    bool(options, "all", { name: "all", help: "all flows there are" }),
    {
      name: "last",
      help: "the last N flows (20 of a running demo)",
      valueName: "uint",
      set: (value) => {
        options.last = parseUintFlag(value);
      },
    },
    {
      name: "first",
      help: "the first N flows",
      valueName: "uint",
      set: (value) => {
        options.first = parseUintFlag(value);
      },
    },
    bool(options, "follow", { name: "follow", short: "f", help: "go on as flows come" }),
    text(options, "since", { name: "since", help: `flows since ${layouts}` }),
    text(options, "until", { name: "until", help: `flows until ${layouts}` }),
  ];
}

function filterFlags({ filters }: ObserveOptions): FlagSpec[] {
  return Object.entries(filterFlagHelp).map(([name, help]) => {
    const short = shortFilterNames[name];
    const bareValue = optionalFilterValues[name];
    return {
      name,
      help,
      ...(short === undefined ? {} : { short }),
      ...(bareValue === undefined ? { valueName: "filter" } : { bareValue }),
      set: (value) => filters.set(name, value),
    };
  });
}

function rawFilterFlags(options: ObserveOptions): FlagSpec[] {
  return [
    {
      name: "allowlist",
      help: "flows that this FlowFilter in JSON matches",
      valueName: "json",
      set: (value) => options.allowList.push(value),
    },
    {
      name: "denylist",
      help: "no flows that this FlowFilter in JSON matches",
      valueName: "json",
      set: (value) => options.denyList.push(value),
    },
    text(options, "configFile", {
      name: "config",
      help: "YAML file with allowlist and denylist, as --print-raw-filters prints them",
    }),
  ];
}

function formattingFlags(options: ObserveOptions): FlagSpec[] {
  const layouts = Object.keys(timeFormatNames).join(", ");
  return [
    text(options, "output", {
      name: "output",
      short: "o",
      help: "compact, dict, json, jsonpb or table",
    }),
    bool(options, "hasNodeName", { name: "print-node-name", help: "print the node's name" }),
    bool(options, "hasPolicyNames", {
      name: "print-policy-names",
      help: "print the names of the policies behind a policy verdict",
    }),
    text(options, "timeFormat", { name: "time-format", help: layouts }),
    bool(options, "isNumeric", { name: "numeric", help: "addresses instead of names" }),
    bool(options, "hasNames", {
      name: "ip-translation",
      help: "names of pods, services and domains for addresses (true)",
    }),
    text(options, "color", { name: "color", help: "auto, always or never" }),
  ];
}

function otherFlags(options: ObserveOptions): FlagSpec[] {
  return [
    text(options, "aggregateBy", {
      name: "aggregate-by",
      help: "who talked to whom instead of flow by flow: workload, identity, namespace or pod (not in hubble)",
    }),
    text(options, "inputFile", {
      name: "input-file",
      help: "read flows from this file of JSON lines; - is the standard input",
    }),
    text(options, "dataDir", {
      name: "data-dir",
      help: "data directory of a running demo, whose flows are shown without --input-file (./data)",
    }),
    bool(options, "isSilent", { name: "silent-errors", short: "s", help: "print no warnings" }),
    bool(options, "printRawFilters", {
      name: "print-raw-filters",
      help: "print the filters as allow and deny lists and end",
    }),
    {
      name: "field-mask",
      help: "fields of flows, separated by commas, to ask a server for (JSON output)",
      valueName: "strings",
      set: (value) => options.fieldMask.push(...value.split(",").filter((part) => part !== "")),
    },
    bool(options, "useDefaultMasks", {
      name: "use-default-field-masks",
      help: "ask a server for no more than the output shows",
    }),
    bool(options, "isDebug", { name: "debug", short: "D", help: "say more on the error output" }),
    bool(options, "isHelp", { name: "help", short: "h", help: "print this help" }),
  ];
}

/** Each text holds filters, one after the other. */
function parseRawFilters(texts: readonly string[], flag: string): FlowFilter[] {
  return texts.flatMap((value) => {
    try {
      return Array.from(splitJsonStream(value), parseFlowFilter);
    } catch (thrown) {
      const why = errorMessage(thrown);
      throw new ConfigError(`invalid --${flag} flag: failed to decode '${value}': ${why}`, {
        path: "",
      });
    }
  });
}
