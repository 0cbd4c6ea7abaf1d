// Runs the suite in a desktop VS Code: VSCODE_EXECUTABLE, or one that @vscode/test-electron downloads.
// `node scripts/vscode/desktopSuite.mjs EXTENSION SUITE FOLDER`
import { runTests } from "@vscode/test-electron";

const [extensionDevelopmentPath, extensionTestsPath, folder] = process.argv.slice(2);
await runTests({
  vscodeExecutablePath: process.env.VSCODE_EXECUTABLE,
  version: "stable",
  extensionDevelopmentPath,
  extensionTestsPath,
  launchArgs: [folder, "--disable-extensions"],
});
