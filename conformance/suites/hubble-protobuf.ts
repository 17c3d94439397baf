/**
 * perf/hubble: 200,000 recorded observer.GetFlowsResponse messages as protobuf bytes and as jsonpb lines,
 * both written by Cilium's code. Each must decode to its line (by the quick, the general and the lazy
 * reader) and encode to its very bytes. One case a thousand messages.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { formatEventLine } from "../../src/flow/model/jsonpb.ts";
import { findRecords } from "../../src/flow/protobuf/delimited-records.ts";
import { FlowDecoder } from "../../src/flow/protobuf/flow-decoder.ts";
import { LazyFlow } from "../../src/flow/protobuf/lazy-flow.ts";
import { MessageDecoder } from "../../src/flow/protobuf/message-decoder.ts";
import { MessageEncoder } from "../../src/flow/protobuf/message-encoder.ts";
import { firstDifference } from "../difference.ts";
import { reportCase, type Suite } from "../suite.ts";

const caseMessages = 1000;

interface Recording {
  readonly records: readonly Buffer[];
  readonly lines: readonly string[];
}

function readRecording(dataDir: string): Recording {
  const dir = join(dataDir, "..", "perf", "hubble");
  const bytes = gunzipSync(readFileSync(join(dir, "flows.binpb.gz")));
  const { starts, ends } = findRecords(bytes);
  const text = gunzipSync(readFileSync(join(dir, "flows.jsonl.gz"))).toString("utf8");
  return {
    records: starts.map((start, i) => bytes.subarray(start, ends[i])),
    lines: text.split("\n").slice(0, -1),
  };
}

/** The readers and the writer, kept over all messages as a stream keeps them. */
interface Codecs {
  readonly quick: FlowDecoder;
  readonly general: MessageDecoder;
  readonly lazy: LazyFlow;
  readonly encoder: MessageEncoder;
}

function checkMessage(codecs: Codecs, record: Buffer, line: string): string | undefined {
  const { quick, general, lazy, encoder } = codecs;
  const event = quick.response(record);
  const byGeneral = general.decode("observer.GetFlowsResponse", record);
  if (event.flow !== undefined && !lazy.resetResponse(record)) return "no flow found";
  const byLazy = event.flow === undefined ? event : { ...event, flow: readFields(lazy) };
  return (
    firstDifference("quick", line, formatEventLine(event)) ??
    firstDifference("general", line, formatEventLine(byGeneral)) ??
    firstDifference("lazy", line, formatEventLine(byLazy)) ??
    firstDifference(
      "bytes",
      record.toString("hex"),
      encoder.encode("observer.GetFlowsResponse", event).toString("hex"),
    )
  );
}

const flowFields = Object.entries(Object.getOwnPropertyDescriptors(LazyFlow.prototype))
  .filter(([name, { get }]) => get !== undefined && name !== "unknownFields")
  .map(([name]) => name as keyof LazyFlow);

/** What the getters give, hot ones first, as an object. */
function readFields(lazy: LazyFlow): object {
  return Object.fromEntries(flowFields.map((name) => [name, lazy[name]]));
}

/** The suite hubble/protobuf. */
export const hubbleProtobuf: Suite = {
  name: "hubble/protobuf",
  countCases: async (dataDir) => Math.ceil(readRecording(dataDir).records.length / caseMessages),
  async run(dataDir, reporter) {
    const { records, lines } = readRecording(dataDir);
    const codecs: Codecs = {
      quick: new FlowDecoder(),
      general: new MessageDecoder(),
      lazy: new LazyFlow(),
      encoder: new MessageEncoder(),
    };
    for (let from = 0; from < records.length; from += caseMessages) {
      const until = Math.min(from + caseMessages, records.length);
      await reportCase(reporter, `messages ${from}-${until - 1}`, () => {
        for (let i = from; i < until; i++) {
          const difference = checkMessage(codecs, records[i] as Buffer, lines[i] ?? "");
          if (difference !== undefined) return `message ${i}: ${difference}`;
        }
        return undefined;
      });
    }
  },
};
