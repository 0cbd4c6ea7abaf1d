import { runCommands } from "./commands.mjs";
import { runVitest } from "./vitest.mjs";
import { runDesktop, runVscode } from "./vscode.mjs";

/** The stages in order: what fails fastest comes first, what needs the build comes after it. */
export const stages = [
  { name: "types", says: "every environment on its own", run: () => runCommands(["tsc -b"]) },
  {
    name: "lint",
    says: "rules, formatting, who imports whom, what nobody uses",
    run: () =>
      runCommands([
        "eslint .",
        "prettier --check --log-level warn .",
        "depcruise src webview --config .dependency-cruiser.cjs",
        "knip",
      ]),
  },
  { name: "build", says: "all bundles", run: () => runCommands(["node esbuild.js"]) },
  { name: "unit", says: "without a browser", run: () => runVitest("unit") },
  { name: "browser", says: "the pages in Chromium", run: () => runVitest("browser") },
  { name: "vscode-node", says: "VS Code, Node extension host", run: () => runVscode("node") },
  { name: "vscode-web", says: "VS Code, web extension host", run: () => runVscode("web") },
  {
    name: "vscode-desktop",
    says: "a desktop VS Code: VSCODE_EXECUTABLE, or one that is downloaded",
    run: runDesktop,
    // It needs a display and, mostly, a download.
    onlyByName: true,
  },
  { name: "journey", says: "a person's way through VS Code", run: () => runVitest("journey") },
  {
    name: "package",
    says: "the .vsix: its files, sizes, installed and used",
    run: () => runVitest("package"),
  },
];
