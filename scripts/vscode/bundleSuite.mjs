import path from "node:path";
import * as esbuild from "esbuild";
import { outFolder, root } from "../folders.mjs";

/** Bundles the mocha suite to one CommonJS file that runs in every extension host. */
export async function bundleSuite() {
  const outfile = path.join(outFolder, "vscode-suite", "index.js");
  await esbuild.build({
    entryPoints: [path.join(root, "test", "vscode", "suite", "index.ts")],
    outfile,
    bundle: true,
    format: "cjs",
    platform: "browser",
    target: "es2022",
    external: ["vscode"],
    sourcemap: "inline",
    logLevel: "warning",
  });
  return outfile;
}
