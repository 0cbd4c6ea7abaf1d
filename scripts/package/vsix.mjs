import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { createVSIX } from "@vscode/vsce";
import { outFolder, root } from "../folders.mjs";
import { loadedAtOnce } from "./loadedAtOnce.mjs";
import { thirdPartyNotices } from "./notices.mjs";

/**
 * Builds for release and packs the extension.
 * @returns {Promise<{file: string, firstLoad: {name: string, byteLength: number}[]}>}
 */
export async function packVsix() {
  // Nothing that an earlier build left behind goes along.
  fs.rmSync(path.join(root, "dist"), { recursive: true, force: true });
  const built = spawnSync(process.execPath, ["esbuild.js"], { cwd: root, stdio: "inherit" });
  if (built.status !== 0) throw new Error("The build failed; nothing was packed.");
  const metafile = JSON.parse(fs.readFileSync(path.join(outFolder, "metafile.json"), "utf8"));
  fs.writeFileSync(path.join(root, "THIRD_PARTY_NOTICES.txt"), thirdPartyNotices(metafile));

  const { name, version } = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8"));
  const file = path.join(root, `${name}-${version}.vsix`);
  await createVSIX({
    cwd: root,
    packagePath: file,
    // Everything is bundled.
    dependencies: false,
    allowMissingRepository: true,
    rewriteRelativeLinks: false,
  });
  const firstLoad = loadedAtOnce(metafile.outputs).map((output) => ({
    name: output,
    byteLength: metafile.outputs[output].bytes,
  }));
  return { file, firstLoad };
}
