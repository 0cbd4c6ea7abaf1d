import os from "node:os";
import path from "node:path";
import fs from "node:fs";

/** The checkout. */
export const root = path.resolve(import.meta.dirname, "..");

/** What the scripts fetch and keep; HEADLIGHT_CACHE lets several checkouts share it. */
export const cacheFolder = process.env.HEADLIGHT_CACHE ?? path.join(root, ".cache");

/** What tests and packaging leave behind to look at. */
export const outFolder = path.join(root, "out");

/** A folder that is gone when this process ends. */
export function throwawayFolder(name) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), `headlight-${name}-`));
  process.on("exit", () => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}
