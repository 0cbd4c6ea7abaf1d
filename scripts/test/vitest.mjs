import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { outFolder, root } from "../folders.mjs";

/** Runs one of vitest's projects; a file that could not be loaded counts as one failure. */
export function runVitest(project) {
  const outputFile = path.join(outFolder, "test", `${project}.json`);
  fs.rmSync(outputFile, { force: true });
  const vitest = path.join(root, "node_modules", "vitest", "vitest.mjs");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${outputFile}`];
  const { status } = spawnSync(process.execPath, [vitest, "run", "--project", project, ...reporters], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (!fs.existsSync(outputFile)) throw new Error(`vitest wrote no report for ${project}.`);
  const report = JSON.parse(fs.readFileSync(outputFile, "utf8"));
  const unloaded = report.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.length,
  );
  const failed = report.numFailedTests + unloaded.length;
  return {
    passed: report.numPassedTests,
    failed: status !== 0 && failed === 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}
