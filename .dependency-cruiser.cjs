/**
 * Who may import whom. The table in src/README.md says the same in words;
 * a new arrow changes both, in a commit of its own that gives the reason.
 */
const libraries = "^node_modules/";
const layer = (name) => `^src/${name}/`;

/** layer -> the layers of src it may import besides itself */
const allowed = {
  core: [],
  tokenizer: ["core"],
  onnx: ["core"],
  model: ["core"],
  store: ["core", "protocol"],
  protocol: ["core"],
  paint: ["core"],
  engine: ["core", "tokenizer", "onnx", "model", "store", "protocol"],
  host: ["core", "tokenizer", "onnx", "model", "store", "protocol", "paint", "engine"],
  node: ["core", "tokenizer", "onnx", "model", "store", "protocol", "paint", "engine", "host"],
  web: ["core", "tokenizer", "onnx", "model", "store", "protocol", "paint", "engine", "host"],
};

const layerRules = Object.entries(allowed).map(([name, others]) => ({
  name: `layer-${name}`,
  severity: "error",
  comment: `src/${name} may import ${others.length ? others.join(", ") : "nothing of src"} only`,
  from: { path: layer(name) },
  to: { path: "^(src|webview|test|scripts)/", pathNot: [name, ...others].map(layer) },
}));

module.exports = {
  forbidden: [
    ...layerRules,
    {
      name: "core-imports-nothing",
      severity: "error",
      from: { path: layer("core") },
      to: { pathNot: layer("core") },
    },
    {
      name: "webview",
      severity: "error",
      comment: "webview may import core, protocol and paint; webview/standalone also store",
      from: { path: "^webview/", pathNot: "^webview/(standalone/|lendEngine\\.ts$)" },
      to: { path: "^(src|test|scripts)/", pathNot: ["core", "protocol", "paint"].map(layer) },
    },
    {
      name: "webview-lends-engines",
      severity: "error",
      comment: "a page starts engines as the web extension host does; loaded when the extension asks for one",
      from: { path: "^webview/lendEngine\\.ts$" },
      to: { path: "^(src|webview|test|scripts)/", pathNot: [layer("protocol"), "^src/web/pageEngine\\.ts$"] },
    },
    {
      name: "webview-standalone",
      severity: "error",
      from: { path: "^webview/standalone/" },
      to: { path: "^(src|test|scripts)/", pathNot: ["core", "protocol", "paint", "store"].map(layer) },
    },
    {
      name: "vscode-only-in-host",
      severity: "error",
      from: { path: "^(src|webview)/", pathNot: ["^src/host/", "^src/(node|web)/extension\\.ts$"] },
      to: { path: "^vscode$" },
    },
    {
      name: "one-door-to-the-runtime",
      severity: "error",
      from: { path: "^(src|webview)/", pathNot: "^src/engine/runtime\\.ts$" },
      to: { path: `${libraries}onnxruntime-` },
    },
    {
      name: "one-module-of-controls",
      severity: "error",
      from: { path: "^(src|webview)/", pathNot: "^webview/controls\\.ts$" },
      to: { path: `${libraries}@vscode/webview-ui-toolkit` },
    },
    {
      name: "host-keeps-away-from-the-worker-side",
      severity: "error",
      from: { path: layer("host") },
      to: { path: "^src/engine/worker/" },
    },
    {
      name: "node-only-in-node",
      severity: "error",
      from: { path: "^(src|webview)/", pathNot: "^src/node/" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "no-circles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    exclude: { path: "\\.d\\.ts$|\\.css$" },
    enhancedResolveOptions: { extensions: [".ts", ".js"] },
  },
};
