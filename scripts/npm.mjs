import { spawnSync } from "node:child_process";

/** Runs npm in a folder, as if it had been started there and not by a script of this package. */
export function runNpm(args, folder) {
  const options = { cwd: folder, env: npmEnvironment(), encoding: "utf8", maxBuffer: 1 << 28 };
  const npm = process.env.npm_execpath;
  return npm?.endsWith(".js")
    ? spawnSync(process.execPath, [npm, ...args], options)
    : spawnSync("npm", args, { ...options, shell: process.platform === "win32" });
}

/** npm hands its settings down in variables; those that name this package's folder would misdirect it. */
function npmEnvironment() {
  const kept = /^npm_config_(registry|userconfig|globalconfig|cache|proxy|https_proxy|noproxy|cafile)$/i;
  const entries = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name) || kept.test(name));
  return Object.fromEntries(entries);
}
