import fs from "node:fs";
import path from "node:path";
import { chromium } from "playwright-core";
import { browserArguments, findBrowser, softwareGpu } from "../browser.mjs";
import { outFolder, throwawayFolder } from "../folders.mjs";
import { addressOf, remoteUri, startServer } from "./server.mjs";
import { SuiteOutput } from "./suiteOutput.mjs";

/** Longest time a suite may take on a loaded machine. */
const LIMIT_MS = 20 * 60_000;

/**
 * Runs a bundled suite in a served VS Code's extension host and prints its lines; all else goes to out/.
 * @param {object} options
 * @param {"node" | "web"} options.host which extension host
 * @param {string} options.extension the extension's folder
 * @param {string} options.suite one CommonJS file that exports run()
 * @param {string} options.folder the folder that VS Code opens
 * @returns {Promise<{passed: number, failed: number, skipped: number, result?: unknown}>}
 */
export async function runSuite({ host, extension, suite, folder }) {
  const { publisher, name } = JSON.parse(fs.readFileSync(path.join(extension, "package.json"), "utf8"));
  const settings = host === "web" ? { "remote.extensionKind": { [`${publisher}.${name}`]: ["web"] } } : {};
  const executablePath = findBrowser();
  const server = await startServer({ dataFolder: throwawayFolder("vscode"), settings });
  const browser = await chromium.launch({ executablePath, args: [...browserArguments, ...softwareGpu] });
  const output = new SuiteOutput();
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(LIMIT_MS);
    await page.exposeFunction("codeAutomationLog", (_type, args) => output.read(args.map(String).join(" ")));
    const ended = new Promise((resolve, reject) => {
      page.exposeFunction("codeAutomationExit", resolve).catch(reject);
      page.on("crash", () => reject(new Error("The browser's page crashed during the suite.")));
      // Also when the test run is told to end: the browser then goes first.
      page.on("close", () => reject(new Error("The browser's page was closed during the suite.")));
      const tooLong = () => reject(new Error(`The suite took longer than ${LIMIT_MS / 60_000} minutes.`));
      setTimeout(tooLong, LIMIT_MS).unref();
    });
    const payload = [
      ["extensionDevelopmentPath", remoteUri(server, extension)],
      ["extensionTestsPath", remoteUri(server, suite)],
    ];
    await page.goto(addressOf(server, { folder, payload }));
    const exitCode = await ended;
    output.read(server.log());
    return { ...output.judge(exitCode), result: output.result };
  } finally {
    keepLog(`vscode-${host}`, output.log);
    await browser.close();
    await server.stop();
  }
}

function keepLog(name, log) {
  const file = path.join(outFolder, "test", `${name}.log`);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, log);
  console.log(`  all that VS Code logged: ${path.relative(process.cwd(), file)}`);
}
