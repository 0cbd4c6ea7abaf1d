/**
 * The files that VS Code reads to show the first page: the extension, the page with what it imports outright, its style.
 * @param {Record<string, {imports: {path: string, kind: string}[]}>} outputs of esbuild's metafile
 * @returns {string[]}
 */
export function loadedAtOnce(outputs) {
  const files = new Set(["dist/node/extension.js", "dist/webview/inspector.css"]);
  const add = (file) => {
    if (files.has(file)) return;
    files.add(file);
    for (const { path, kind } of outputs[file]?.imports ?? []) if (kind === "import-statement") add(path);
  };
  add("dist/webview/inspector.js");
  return [...files];
}
