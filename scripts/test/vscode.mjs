import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import readline from "node:readline";
import { root, throwawayFolder } from "../folders.mjs";
import { bundleSuite } from "../vscode/bundleSuite.mjs";
import { runSuite } from "../vscode/suite.mjs";
import { SuiteOutput } from "../vscode/suiteOutput.mjs";

/** Runs the mocha suite in one of the served VS Code's extension hosts. */
export async function runVscode(host) {
  return runSuite({ host, extension: root, suite: await bundleSuite(), folder: makeWorkspace() });
}

/** Runs the same suite in a desktop VS Code, which needs a display. */
export async function runDesktop() {
  const script = path.join(root, "scripts", "vscode", "desktopSuite.mjs");
  const child = spawn(process.execPath, [script, root, await bundleSuite(), makeWorkspace()]);
  const output = new SuiteOutput();
  readline.createInterface({ input: child.stdout }).on("line", (line) => output.read(line));
  child.stderr.pipe(process.stderr);
  return output.judge(await new Promise((resolve) => child.once("close", resolve)));
}

/** A copy of the samples, with what the suite compares to and what it must survive. */
function makeWorkspace() {
  const folder = throwawayFolder("workspace");
  fs.cpSync(path.join(root, "samples"), folder, { recursive: true });
  writeExpected(path.join(folder, "expected.json"));
  writeDamagedModel(path.join(folder, "damaged-model"));
  return folder;
}

/** What the command line says of a sentence of samples/words.md. */
function writeExpected(file) {
  const text = "I saw a saw, and the saw saw me.";
  headlight("inspect", "--model", firstModel(), "--text", text, "--out", file);
}

/** An embedded model cut off in the middle of its graph. */
function writeDamagedModel(folder) {
  fs.cpSync(path.join(root, "media", "models", firstModel()), folder, { recursive: true });
  const graph = path.join(folder, "model.onnx");
  fs.truncateSync(graph, Math.floor(fs.statSync(graph).size / 2));
}

function firstModel() {
  return JSON.parse(headlight("models", "--json"))[0].id;
}

function headlight(...args) {
  const cli = path.join(root, "dist", "node", "cli.js");
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { encoding: "utf8" });
  if (status !== 0) throw new Error(`headlight ${args[0]} failed: ${stderr}`);
  return stdout;
}
