import fs from "node:fs";
import path from "node:path";

/** A desktop VS Code that can open a window here, or undefined. */
export function findDesktop(environment = process.env) {
  if (!hasDisplay(environment)) return undefined;
  if (environment.VSCODE_EXECUTABLE) return environment.VSCODE_EXECUTABLE;
  // In a remote terminal `code` talks to a window elsewhere, which cannot load an extension from here.
  if (environment.VSCODE_IPC_HOOK_CLI) return undefined;
  return onPath("code", environment);
}

function hasDisplay(environment) {
  if (process.platform !== "linux") return true;
  return Boolean(environment.DISPLAY || environment.WAYLAND_DISPLAY);
}

function onPath(name, environment) {
  const names = process.platform === "win32" ? [`${name}.cmd`, `${name}.exe`] : [name];
  return (environment.PATH ?? environment.Path ?? "")
    .split(path.delimiter)
    .flatMap((folder) => names.map((each) => path.join(folder, each)))
    .find((file) => fs.existsSync(file));
}
