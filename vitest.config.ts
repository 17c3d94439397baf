import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: [
      "src/**/*.test.ts",
      "tools/**/*.test.ts",
      "conformance/**/*.test.ts",
      "web/**/*.test.{ts,tsx}",
    ],
    testTimeout: 20_000,
    // Two cores: more workers than that only fight.
    maxWorkers: 2,
  },
});
