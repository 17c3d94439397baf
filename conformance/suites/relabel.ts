/**
 * prom/relabel: relabel configs with the label set that real Prometheus made of them, or its error.
 * Go's YAML library words an unknown key in its own way; ours says more, so that one text is put
 * into Prometheus' form here (key and line still have to be right).
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError } from "../../src/base/errors.ts";
import { labelsFromObject } from "../../src/model/labels.ts";
import { compileRelabelConfigs } from "../../src/relabel/relabel-program.ts";
import { parseYamlDocument } from "../../src/schema/yaml-document.ts";
import { reportCase, type Suite } from "../suite.ts";

interface RelabelCase {
  readonly name: string;
  readonly config: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly nameValidation?: "legacy" | "utf8";
  readonly result: {
    readonly keep?: boolean;
    readonly labels?: Readonly<Record<string, string>>;
    readonly configError?: string;
  };
}

async function readCases(dataDir: string): Promise<readonly RelabelCase[]> {
  const text = await readFile(join(dataDir, "prom", "relabel", "cases.json"), "utf8");
  return JSON.parse(text) as readonly RelabelCase[];
}

function runCase(recorded: RelabelCase): RelabelCase["result"] {
  const document = parseYamlDocument(recorded.config);
  try {
    const program = compileRelabelConfigs(document.value, {
      nameValidation: recorded.nameValidation ?? "utf8",
      document,
    });
    const labels = program.apply(labelsFromObject(recorded.labels));
    return labels === undefined ? { keep: false } : { keep: true, labels: labels.toObject() };
  } catch (thrown) {
    if (thrown instanceof ConfigError) return { configError: prometheusText(thrown) };
    throw thrown;
  }
}

function prometheusText(error: ConfigError): string {
  const text = error.path === "" ? error.message : error.message.slice(error.path.length + 2);
  const unknownKey = /^unknown key "([^"]*)"/.exec(text);
  if (unknownKey === null) return text.replace(/; did you mean .*$/, "");
  return `yaml: unmarshal errors:\n  line ${error.line}: field ${unknownKey[1]} not found in type relabel.plain`;
}

function stableText(result: RelabelCase["result"]): string {
  const labels = result.labels === undefined ? undefined : Object.entries(result.labels).sort();
  return JSON.stringify({ keep: result.keep, configError: result.configError, labels });
}

/** The suite. */
export const relabelSuite: Suite = {
  name: "prom/relabel",
  countCases: async (dataDir) => (await readCases(dataDir)).length,
  async run(dataDir, reporter) {
    for (const recorded of await readCases(dataDir)) {
      await reportCase(reporter, recorded.name, () => {
        const want = stableText(recorded.result);
        const have = stableText(runCase(recorded));
        return want === have ? undefined : `want ${want}\nhave ${have}`;
      });
    }
  },
};
