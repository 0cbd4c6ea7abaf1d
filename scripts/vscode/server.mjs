import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fetchServer } from "./fetch.mjs";

/**
 * Starts a VS Code server on this machine.
 * @param {object} options
 * @param {string} options.dataFolder where it keeps settings, extensions and logs
 * @param {object} [options.settings] VS Code's settings, by name
 * @param {number} [options.port] 0: any free one
 * @param {string} [options.defaultFolder] opened where the address names none
 * @returns {Promise<{port: number, authority: string, url: string, log(): string, stop(): Promise<void>}>}
 */
export async function startServer({ dataFolder, settings = {}, port = 0, defaultFolder }) {
  writeSettings(dataFolder, settings);
  const child = spawn(process.execPath, serverArguments(dataFolder, port, defaultFolder), {
    cwd: fetchServer(),
    env: serverEnvironment(dataFolder),
    stdio: ["ignore", "pipe", "pipe"],
    // Its own group, so that extension hosts end with it.
    detached: process.platform !== "win32",
  });
  let log = "";
  child.stdout.on("data", (chunk) => (log += chunk));
  child.stderr.on("data", (chunk) => (log += chunk));
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const kill = () => killGroup(child);
  process.on("exit", kill);

  const actualPort = await new Promise((resolve, reject) => {
    child.stdout.on("data", () => {
      const match = /agent listening on (\d+)/.exec(log);
      if (match) resolve(Number(match[1]));
    });
    child.once("error", reject);
    child.once("exit", (code) => {
      reject(new Error(`The VS Code server ended with code ${code} before it listened:\n${log}`));
    });
  });
  return {
    port: actualPort,
    authority: `localhost:${actualPort}`,
    url: `http://localhost:${actualPort}/`,
    log: () => log,
    async stop() {
      kill();
      await exited;
      process.off("exit", kill);
    },
  };
}

/** Installs a .vsix as a person would; throws with the server's words when it refuses. */
export async function installVsix(dataFolder, vsix) {
  const args = ["out/server-main.js", "--install-extension", vsix, `--server-data-dir=${dataFolder}`];
  const child = spawn(process.execPath, [...args, "--accept-server-license-terms"], {
    cwd: fetchServer(),
    env: serverEnvironment(dataFolder),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  child.stdout.on("data", (chunk) => (log += chunk));
  child.stderr.on("data", (chunk) => (log += chunk));
  const code = await new Promise((resolve) => child.once("exit", resolve));
  if (code !== 0 || !/successfully installed/.test(log)) {
    throw new Error(`The VS Code server did not install ${vsix} (code ${code}):\n${log}`);
  }
}

/** The address that opens a folder and, in it, a file. */
export function addressOf(server, { folder, file, payload = [] }) {
  const entries = file ? [...payload, ["openFile", remoteUri(server, file)]] : payload;
  const query = [`folder=${encodeURIComponent(folder)}`];
  if (entries.length) query.push(`payload=${encodeURIComponent(JSON.stringify(entries))}`);
  return `${server.url}?${query.join("&")}`;
}

export function remoteUri(server, file) {
  return `vscode-remote://${server.authority}${encodeURI(file)}`;
}

function serverArguments(dataFolder, port, defaultFolder) {
  return [
    "out/server-main.js",
    "--host=127.0.0.1",
    `--port=${port}`,
    "--without-connection-token",
    "--accept-server-license-terms",
    `--server-data-dir=${dataFolder}`,
    "--telemetry-level=off",
    "--disable-workspace-trust",
    "--enable-smoke-test-driver",
    ...(defaultFolder ? [`--default-folder=${defaultFolder}`] : []),
  ];
}

function writeSettings(dataFolder, settings) {
  const folder = path.join(dataFolder, "data", "Machine");
  fs.mkdirSync(folder, { recursive: true });
  const quiet = {
    "telemetry.telemetryLevel": "off",
    "workbench.startupEditor": "none",
    "workbench.tips.enabled": false,
    "extensions.ignoreRecommendations": true,
    "chat.commandCenter.enabled": false,
    // An address that names a file would otherwise open that alone at each reload.
    "window.restoreWindows": "preserve",
  };
  fs.writeFileSync(path.join(folder, "settings.json"), JSON.stringify({ ...quiet, ...settings }, null, 2));
}

/** Variables of a VS Code that this was started from would confuse the new one. */
function serverEnvironment(dataFolder) {
  const entries = Object.entries(process.env).filter(([name]) => !/^(VSCODE_|ELECTRON_)/.test(name));
  const temporary = path.join(dataFolder, "tmp");
  fs.mkdirSync(temporary, { recursive: true });
  return { ...Object.fromEntries(entries), TMPDIR: temporary };
}

function killGroup(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  try {
    if (process.platform === "win32") child.kill();
    else process.kill(-child.pid, "SIGKILL");
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}
