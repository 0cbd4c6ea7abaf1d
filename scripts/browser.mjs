import fs from "node:fs";
import path from "node:path";
import { chromium } from "playwright-core";

/** Switches for a browser that drives tests: nothing asks the network, and root in a container may start it. */
export const browserArguments = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** WebGPU drawn by the processor: the numbers are those of a graphics card, the speed is not. */
export const softwareGpu = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];

/** The executable of a Chromium-based browser; throws a sentence that says how to get one. */
export function findBrowser(environment = process.env) {
  const named = environment.CHROME_PATH;
  if (named) {
    if (fs.existsSync(named)) return named;
    throw new Error(`CHROME_PATH names ${named}, which does not exist.`);
  }
  const found = candidates(environment).find((file) => fs.existsSync(file));
  if (found) return found;
  throw new Error(
    "No Chromium or Chrome was found. Install one (Debian: apt-get install chromium), " +
      "run `npx playwright-core install chromium`, or set CHROME_PATH to its executable.",
  );
}

function candidates(environment) {
  const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
  const folders = (environment.PATH ?? "").split(path.delimiter);
  const programs = [environment.PROGRAMFILES, environment["PROGRAMFILES(X86)"], environment.LOCALAPPDATA];
  return [
    chromium.executablePath(),
    ...folders.flatMap((folder) => names.map((name) => path.join(folder, name))),
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    ...programs
      .filter(Boolean)
      .map((base) => path.join(base, "Google", "Chrome", "Application", "chrome.exe")),
  ];
}
