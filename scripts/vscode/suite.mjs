import fs from "node:fs";
import path from "node:path";
import { chromium } from "playwright-core";
import { browserArguments, findBrowser } from "../browser.mjs";
import { throwawayFolder } from "../folders.mjs";
import { addressOf, remoteUri, startServer } from "./server.mjs";

/** What the suite's own lines begin with (test/vscode/suite/lineReporter.ts). */
const MARK = "suite|";

/** Longest time a suite may take on a loaded machine. */
const LIMIT_MS = 10 * 60_000;

/**
 * Runs a bundled suite in a served VS Code's extension host and prints its lines.
 * @param {object} options
 * @param {"node" | "web"} options.host which extension host
 * @param {string} options.extension the extension's folder
 * @param {string} options.suite one CommonJS file that exports run()
 * @param {string} options.folder the folder that VS Code opens
 * @returns {Promise<{passed: number, failed: number, skipped: number}>}
 */
export async function runSuite({ host, extension, suite, folder }) {
  const dataFolder = throwawayFolder("vscode");
  const { publisher, name } = JSON.parse(fs.readFileSync(path.join(extension, "package.json"), "utf8"));
  const settings = host === "web" ? { "remote.extensionKind": { [`${publisher}.${name}`]: ["web"] } } : {};
  const executablePath = findBrowser();
  const server = await startServer({ dataFolder, settings });
  const browser = await chromium.launch({ executablePath, args: browserArguments });
  try {
    const page = await browser.newPage();
    let done;
    let log = "";
    const ended = new Promise((resolve, reject) => {
      page.exposeFunction("codeAutomationLog", (type, args) => {
        const line = args.map(String).join(" ");
        log += `${type} ${line}\n`;
        if (!line.startsWith(MARK)) return;
        const own = line.slice(MARK.length);
        if (own.startsWith("TESTS_DONE ")) done = JSON.parse(own.slice("TESTS_DONE ".length));
        else console.log(own);
      });
      page.exposeFunction("codeAutomationExit", (code) => resolve(code));
      page.on("crash", () => reject(new Error("The browser's page crashed during the suite.")));
      setTimeout(
        () => reject(new Error(`The suite took longer than ${LIMIT_MS / 60_000} minutes.`)),
        LIMIT_MS,
      ).unref();
    });
    const payload = [
      ["extensionDevelopmentPath", remoteUri(server, extension)],
      ["extensionTestsPath", remoteUri(server, suite)],
    ];
    await page.goto(addressOf(server, { folder, payload }));
    const code = await ended;
    return judge({ done, code, log: log + server.log() });
  } finally {
    await browser.close();
    await server.stop();
  }
}

/** VS Code reports success even when the extension host died in mid-suite: only the suite's own last line counts. */
function judge({ done, code, log }) {
  const death = /Extension Host Process exited with code: (?!0\b)[^\n]*/.exec(log)?.[0];
  if (death) throw new Error(`The extension host died: ${death}`);
  if (!done)
    throw new Error(`The suite did not reach its end (VS Code reported ${code}).\n${log.slice(-2000)}`);
  if (done.failed === 0 && code !== 0) throw new Error(`All tests passed, but VS Code reported ${code}.`);
  return done;
}
