import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { vi } from "vitest";
import { main } from "../../../src/node/cli/main";

export const root = path.join(__dirname, "../../..");

/** Reference models that are not part of the repository. */
export const fixtures = path.join(root, "../shared/fixtures");
export const hasFixtures = existsSync(path.join(fixtures, "models"));
if (!hasFixtures) console.warn(`No fixtures at ${fixtures}: tests against reference models are skipped.`);

export const runtimeFolder = path.join(root, "node_modules/onnxruntime-web/dist");

/** What the command line needs of this checkout, when it runs in the process of a test. */
export const home = {
  modelsFolder: path.join(root, "media/models"),
  runtimeFolder,
  pageFolder: path.join(root, "dist/webview"),
  pictureFolder: path.join(root, "dist/picture"),
};

/** Builds the command line and the worker; the same command as `npm run build`, for two bundles. */
export function build(): void {
  execFileSync(process.execPath, ["esbuild.js", "--dev", "--only=src/node/cli.ts,src/node/worker.ts"], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });
}

export const workerFile = path.join(root, "dist/node/worker.js");

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command line as a person does. */
export function headlight(...args: string[]): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path.join(root, "dist/node/cli.js"), ...args], { cwd: root });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? -1, stdout, stderr }));
  });
}

/** The same in this process: for many cases, since the runtime then starts once. */
export async function headlightHere(...args: string[]): Promise<Outcome> {
  let [stdout, stderr] = ["", ""];
  const out = vi
    .spyOn(process.stdout, "write")
    .mockImplementation((part) => ((stdout += String(part)), true));
  const err = vi
    .spyOn(process.stderr, "write")
    .mockImplementation((part) => ((stderr += String(part)), true));
  try {
    const code = await main(args, home);
    return { code, stdout, stderr };
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}

export function temporaryFolder(): Promise<string> {
  return mkdtemp(path.join(tmpdir(), "headlight-test-"));
}
