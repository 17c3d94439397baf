/**
 * Serves 40 targets with one body, as the reference figures were taken: each second three of four
 * counters and histogram samples advance, a third of the gauges move, and the body is gzipped once
 * for all targets. `node … BODY_FILE FIRST_PORT TARGETS`; GET /stats on the first port counts. A
 * process of its own, so that its CPU is not the server's.
 */

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { gzipSync } from "node:zlib";

interface BodyPart {
  readonly text: string;
  value?: number;
  readonly increment: number;
  readonly isWalking: boolean;
}

const [bodyFile = "", firstPortText = "19400", targetsText = "40"] = process.argv.slice(2);
const parts = readParts(readFileSync(bodyFile, "utf8"));
const samplesPerScrape = parts.filter((part) => part.value !== undefined).length;
const served = { scrapes: 0, samples: 0, samplesPerScrape };
let tick = 0;
let body = render();
let zipped = gzipSync(body, { level: 1 });
setInterval(() => {
  body = render();
  zipped = gzipSync(body, { level: 1 });
}, 1000);

for (let i = 0; i < Number(targetsText); i++) {
  createServer((request, response) => {
    if (request.url === "/stats") {
      response.end(JSON.stringify(served));
      return;
    }
    served.scrapes++;
    served.samples += samplesPerScrape;
    const isZipped = /gzip/.test(String(request.headers["accept-encoding"] ?? ""));
    response.writeHead(200, {
      "content-type": "text/plain; version=0.0.4; charset=utf-8",
      "content-length": (isZipped ? zipped : body).length,
      ...(isZipped ? { "content-encoding": "gzip" } : {}),
    });
    response.end(isZipped ? zipped : body);
  }).listen(Number(firstPortText) + i, "127.0.0.1");
}
console.log("serving");

function readParts(text: string): BodyPart[] {
  const types = new Map<string, string>();
  let index = 0;
  return text.split("\n").map((line) => {
    const [, keyword, name = "", type = ""] = line.split(" ");
    if (line.startsWith("#") && keyword === "TYPE") types.set(name, type);
    if (line === "" || line.startsWith("#"))
      return { text: `${line}\n`, increment: 0, isWalking: false };
    index++;
    const metric = /^[^{ ]+/.exec(line)?.[0] ?? "";
    const kind = types.get(metric) ?? types.get(metric.replace(/_(bucket|sum|count)$/, ""));
    const space = line.lastIndexOf(" ");
    const isCounting = kind === "counter" || kind === "histogram";
    return {
      text: line.slice(0, space + 1),
      value: Number(line.slice(space + 1).replace("+Inf", "Infinity")),
      increment: isCounting && index % 4 !== 0 ? (index % 7) + 1 : 0,
      isWalking: kind === "gauge" && index % 3 === 0,
    };
  });
}

function render(): Buffer {
  tick++;
  let text = "";
  for (const part of parts) {
    text += part.text;
    if (part.value === undefined) continue;
    if (Number.isFinite(part.value))
      part.value += part.increment + (part.isWalking ? ((tick * 7919) % 5) - 2 : 0);
    text += `${part.value === Number.POSITIVE_INFINITY ? "+Inf" : part.value}\n`;
  }
  return Buffer.from(text);
}
