import path from "node:path";
import * as esbuild from "esbuild";
import { outFolder, root } from "../folders.mjs";

/** Bundles a suite (a folder of test/ with an index.ts that exports run) to one CommonJS file for every extension host. */
export async function bundleSuite(suite = "vscode/suite") {
  const outfile = path.join(outFolder, "suites", suite, "index.js");
  await esbuild.build({
    entryPoints: [path.join(root, "test", suite, "index.ts")],
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
