import { describe, expect, it } from "vitest";
import { FlowShape } from "./flow-shape.ts";
import { ShapeMemory } from "./shape-memory.ts";

function scanned(name: string, port = 1): { bytes: Uint8Array; shape: FlowShape } {
  const line = `{"flow":{"time":"2026-01-15T10:00:00Z","source_port":${port},"name":"${name}"}}`;
  const bytes = new TextEncoder().encode(line);
  const shape = new FlowShape();
  shape.scan(bytes, 0, bytes.length);
  return { bytes, shape };
}

function recall(memory: ShapeMemory<string>, name: string, port?: number): string | undefined {
  const { bytes, shape } = scanned(name, port);
  return memory.recall(bytes, shape);
}

function learn(memory: ShapeMemory<string>, name: string): void {
  const { bytes, shape } = scanned(name);
  memory.recall(bytes, shape);
  memory.remember(shape, name);
}

describe("ShapeMemory", () => {
  it("knows every shape again by its bytes, whatever stands in the gap", () => {
    const memory = new ShapeMemory<string>();
    for (let i = 0; i < 5000; i++) learn(memory, `n${i}`);
    for (let i = 0; i < 5000; i++) expect(recall(memory, `n${i}`, i)).toBe(`n${i}`);
    expect(recall(memory, "n5000")).toBeUndefined();
  });

  it("forgets the older generation, but not what was asked for since", () => {
    const memory = new ShapeMemory<string>(1000);
    learn(memory, "kept");
    for (let i = 0; i < 100; i++) {
      learn(memory, `n${i}`);
      expect(recall(memory, "kept")).toBe("kept");
    }
    expect(recall(memory, "n0")).toBeUndefined();
  });
});
