import { defineConfig } from "vitest/config";

const slow = { testTimeout: 60_000, hookTimeout: 60_000 };

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      { test: { ...slow, name: "unit", include: ["test/unit/**/*.test.ts"] } },
      {
        test: {
          ...slow,
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          maxWorkers: 1,
        },
      },
      {
        test: {
          name: "journey",
          include: ["test/vscode/journey/**/*.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          maxWorkers: 1,
        },
      },
    ],
  },
});
