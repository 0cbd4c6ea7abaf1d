import fs from "node:fs";
import path from "node:path";
import { root, throwawayFolder } from "../folders.mjs";
import { bundleSuite } from "../vscode/bundleSuite.mjs";
import { runSuite } from "../vscode/suite.mjs";

/** Runs the mocha suite in one of the served VS Code's extension hosts, in a copy of the samples. */
export async function runVscode(host) {
  const folder = throwawayFolder("workspace");
  fs.cpSync(path.join(root, "samples"), folder, { recursive: true });
  const suite = await bundleSuite();
  return runSuite({ host, extension: root, suite, folder });
}
