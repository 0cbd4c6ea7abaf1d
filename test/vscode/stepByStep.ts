import { afterEach, beforeEach } from "vitest";
import type { ServedVscode } from "./servedVscode";

/**
 * Each step of a way stands on the one before: once one has failed, which is kept as a picture of that name, the others
 * end at once. To be called where the steps are described.
 */
export function stepByStep(vscode: () => ServedVscode, picture: string): void {
  let failed: string | undefined;
  beforeEach(() => {
    if (failed) throw new Error(`The way ended at "${failed}".`);
  });
  afterEach(async ({ task }) => {
    if (task.result?.state !== "fail" || failed) return;
    failed = task.name;
    await vscode().picture(picture);
  });
}
