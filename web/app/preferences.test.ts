import { describe, expect, it } from "vitest";
import { PreferenceStore } from "./preferences.ts";

function memoryStorage(): Storage {
  const kept = new Map<string, string>();
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  } as Storage;
}

describe("PreferenceStore", () => {
  it("keeps what was chosen and tells its listeners", () => {
    const storage = memoryStorage();
    const store = new PreferenceStore(storage);
    let calls = 0;
    store.subscribe(() => calls++);
    expect(store.now.hasSingleKeys).toBe(true);
    store.set({ hasSingleKeys: false, zone: "utc" });
    expect(calls).toBe(1);
    expect(new PreferenceStore(storage).now).toMatchObject({ hasSingleKeys: false, zone: "utc" });
  });
});
