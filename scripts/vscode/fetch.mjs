import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { cacheFolder } from "../folders.mjs";
import { runNpm } from "../npm.mjs";

/** The last release that runs on Node 20; it carries a built VS Code 1.100.3. */
const PACKAGE = "code-server@4.100.3";

/** The folder of a VS Code server; fetched from the npm registry on first use, then kept. */
export function fetchServer() {
  const kept = path.join(cacheFolder, PACKAGE.replace("@", "-"));
  const server = path.join(kept, "lib", "vscode");
  if (fs.existsSync(path.join(server, "out", "server-main.js"))) return server;

  console.log(`Fetching a VS Code server: npm package ${PACKAGE}, 42 MB, once. It is kept in ${kept}`);
  const started = Date.now();
  fs.mkdirSync(cacheFolder, { recursive: true });
  const unfinished = fs.mkdtempSync(path.join(cacheFolder, "unfinished-"));
  try {
    unpack(unfinished);
    fs.rmSync(kept, { recursive: true, force: true });
    fs.renameSync(path.join(unfinished, "package"), kept);
  } finally {
    fs.rmSync(unfinished, { recursive: true, force: true });
  }
  console.log(`Fetched in ${((Date.now() - started) / 1000).toFixed(0)} s.`);
  return server;
}

function unpack(folder) {
  const packed = runNpm(["pack", PACKAGE, "--silent"], folder);
  if (packed.status !== 0) throw cannotFetch(packed.stderr);
  const archive = packed.stdout.trim().split("\n").at(-1);
  // The licences come along; the rest of the package is a login page that is not needed here.
  const wanted = ["package/lib/vscode", "package/LICENSE", "package/ThirdPartyNotices.txt"];
  const untarred = spawnSync("tar", ["-xzf", archive, ...wanted], { cwd: folder, encoding: "utf8" });
  if (untarred.status !== 0) throw cannotFetch(untarred.stderr ?? String(untarred.error));
  // Not `npm ci`: the shrinkwrap it carries is out of step. Without scripts: its native modules are optional.
  const install = ["install", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"];
  const installed = runNpm(install, path.join(folder, "package", "lib", "vscode"));
  if (installed.status !== 0) throw cannotFetch(installed.stderr);
}

function cannotFetch(detail) {
  return new Error(
    `The VS Code server (npm package ${PACKAGE}) could not be fetched from the npm registry. ` +
      `Check the network, or set VSCODE_EXECUTABLE to a desktop VS Code and use that instead.\n${detail.trim()}`,
  );
}
