import * as vscode from "vscode";
import { activateHeadlight } from "../host/activate";
import type { HeadlightApi } from "../host/api";
import type { FilesContract } from "./filesContract";
import { joinUri, uriFiles } from "./uriFiles";
import { webWorkerStarter } from "./workerStarter";

export function activate(context: vscode.ExtensionContext): HeadlightApi {
  const at = (path: string) => joinUri(context.extensionUri.toString(), path);
  return activateHeadlight(context, {
    worker: webWorkerStarter(
      editorFiles,
      {
        code: at("dist/web/worker.js"),
        mjs: at("dist/runtime/ort-wasm-simd-threaded.mjs"),
        wasm: at("dist/runtime/ort-wasm-simd-threaded.wasm"),
      },
      {
        code: at("dist/web/gpuWorker.js"),
        wasm: at("dist/runtime/ort-wasm-simd-threaded.jspi.wasm"),
      },
    ),
    files: uriFiles(editorFiles),
    // Threads share memory, which VS Code's web extension host may not do.
    machine: { name: "browser", nCores: 1 },
    modelsFolder: at("media/models"),
    referenceOf: (uri) => uri.toString(),
  });
}

/** The editor's file system: the extension's own files, the workspace, whatever scheme they have. */
const editorFiles: FilesContract = {
  readAll: async ({ reference }) => vscode.workspace.fs.readFile(vscode.Uri.parse(reference, true)),
  size: async ({ reference }) => {
    const uri = vscode.Uri.parse(reference, true);
    // A file that is not there is what is being asked about.
    return vscode.workspace.fs.stat(uri).then(
      ({ size }) => size,
      () => undefined,
    );
  },
  list: async ({ folder }) => {
    const entries = await vscode.workspace.fs.readDirectory(vscode.Uri.parse(folder, true));
    return entries.map(([name]) => name).sort();
  },
};
