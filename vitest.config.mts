import { defineConfig } from "vitest/config";

const longer = {
  testTimeout: 300_000,
  hookTimeout: 300_000,
  maxWorkers: 1,
  expect: { poll: { timeout: 30_000 } },
};
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
      // These two drive a VS Code, which takes long on a loaded machine.
      { test: { ...longer, name: "journey", include: ["test/vscode/journey/**/*.test.ts"] } },
      { test: { ...longer, name: "package", include: ["test/package/**/*.test.ts"] } },
    ],
  },
});
