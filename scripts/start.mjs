// Builds, and opens VS Code with Headlight and a sample file. `npm start [-- FILE]`
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { cacheFolder, root } from "./folders.mjs";
import { findDesktop } from "./vscode/desktop.mjs";
import { linkExtension } from "./vscode/linkExtension.mjs";
import { addressOf, startServer } from "./vscode/server.mjs";

/** Kept from start to start where it is free, so that the browser finds its state again. */
const USUAL_PORT = 3117;

const file = path.resolve(process.argv[2] ?? path.join(root, "samples", "start-here.py"));
const folder = path.dirname(file);

async function main() {
  if (!fs.existsSync(file)) throw new Error(`There is no file ${file}.`);
  build();
  const desktop = findDesktop();
  if (desktop) openDesktop(desktop);
  else await serve();
}

function build() {
  const built = spawnSync(process.execPath, ["esbuild.js"], { cwd: root, stdio: "inherit" });
  if (built.status !== 0) process.exit(1);
}

function openDesktop(executable) {
  console.log(`Opening ${executable} with Headlight and ${file}`);
  const args = [`--extensionDevelopmentPath=${root}`, "--new-window", folder, file];
  const shell = process.platform === "win32" && /\.cmd$/i.test(executable);
  const child = spawn(shell ? `"${executable}"` : executable, shell ? args.map((arg) => `"${arg}"`) : args, {
    stdio: "inherit",
    shell,
  });
  child.on("error", (error) => fail(new Error(`${executable} could not be started: ${error.message}`)));
  child.on("exit", (code) => (process.exitCode = code ?? 1));
}

async function serve() {
  console.log(
    "No desktop VS Code here (`code` on the PATH or VSCODE_EXECUTABLE, and a display): serving one.",
  );
  const dataFolder = path.join(cacheFolder, "start");
  linkExtension(dataFolder, root);
  const port = (await isFree(USUAL_PORT)) ? USUAL_PORT : 0;
  const server = await startServer({ dataFolder, port, defaultFolder: folder });
  process.on("SIGINT", () => process.exit(0));
  process.on("SIGTERM", () => process.exit(0));
  const address = addressOf(server, { folder, file });
  console.log(`\nVS Code with Headlight:\n\n  ${address}\n\nOpen it in a browser. Ctrl+C stops it.`);
}

function isFree(port) {
  return new Promise((resolve) => {
    const probe = net.createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}

function fail(error) {
  console.error(error.message);
  process.exit(1);
}

main().catch(fail);
