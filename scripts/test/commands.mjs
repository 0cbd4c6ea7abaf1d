import { spawnSync } from "node:child_process";
import path from "node:path";
import { root } from "../folders.mjs";

/** Runs each command in the checkout, with the tools of node_modules on the path; each counts as one test. */
export function runCommands(commands) {
  const bin = path.join(root, "node_modules", ".bin");
  const env = { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH}` };
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const command of commands) {
    const { status } = spawnSync(command, { cwd: root, env, stdio: "inherit", shell: true });
    if (status === 0) total.passed += 1;
    else total.failed += 1;
    console.log(`${status === 0 ? "ok" : "FAILED"} ${command}`);
  }
  return total;
}
