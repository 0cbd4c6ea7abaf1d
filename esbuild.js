// Builds every bundle into dist/. `node esbuild.js [--watch] [--dev] [--only=ENTRY,ENTRY]`
const esbuild = require("esbuild");
const fs = require("node:fs");
const path = require("node:path");

const watch = process.argv.includes("--watch");
const only = process.argv.find((argument) => argument.startsWith("--only="))?.slice("--only=".length);
const dev = watch || process.argv.includes("--dev");

const common = {
  bundle: true,
  minify: !dev,
  sourcemap: dev ? "inline" : false,
  legalComments: "none",
  logLevel: "warning",
  metafile: true,
};

/** onnxruntime-web's Node build; its default entry crashes when bundled to CommonJS. */
const nodeRuntime = {
  "onnxruntime-web": require.resolve("onnxruntime-web").replace(/[^/\\]+$/, "ort.node.min.js"),
};
/** The build without JSEP or WebGPU: the smallest, and the one whose fused attention is right. */
const webRuntime = {
  "onnxruntime-web": require.resolve("onnxruntime-web").replace(/[^/\\]+$/, "ort.wasm.min.mjs"),
};

/**
 * The build with WebGPU that needs WebAssembly to wait (JSPI): 2.5 MB less, zipped, than the one that does not. Its
 * JavaScript is all inside: the policy of a page would have to allow every blob as a script to let it import a part.
 */
const gpuRuntime = {
  "onnxruntime-web": require.resolve("onnxruntime-web").replace(/[^/\\]+$/, "ort.jspi.bundle.min.mjs"),
};

/** Of the icons' style sheet only what the page names: 44 KB less. */
const usedIcons = {
  name: "used-icons",
  setup(build) {
    build.onLoad({ filter: /codicon\.css$/ }, ({ path: file }) => {
      const sources = fs
        .readdirSync("webview", { recursive: true })
        .filter((name) => name.endsWith(".ts"))
        .map((name) => fs.readFileSync(path.join("webview", name), "utf8"))
        .join("\n");
      const rule = /\.codicon-([a-z0-9-]+):before\s*\{[^}]*\}/g;
      const contents = fs
        .readFileSync(file, "utf8")
        .replace(rule, (whole, name) => (new RegExp(`\\b${name}\\b`).test(sources) ? whole : ""));
      return { contents, loader: "css" };
    });
  },
};

const node = { ...common, platform: "node", format: "cjs", target: "node20" };
const web = { ...common, platform: "browser", format: "cjs", target: "es2022" };
const page = { ...common, platform: "browser", format: "iife", target: "es2022" };

const bundles = [
  {
    ...node,
    entryPoints: ["src/node/extension.ts"],
    outfile: "dist/node/extension.js",
    external: ["vscode"],
  },
  { ...node, entryPoints: ["src/node/worker.ts"], outfile: "dist/node/worker.js", alias: nodeRuntime },
  { ...node, entryPoints: ["src/node/cli.ts"], outfile: "dist/node/cli.js", alias: nodeRuntime },
  {
    ...web,
    entryPoints: ["src/web/extension.ts"],
    outfile: "dist/web/extension.js",
    external: ["vscode"],
    alias: webRuntime,
  },
  { ...page, entryPoints: ["src/web/worker.ts"], outfile: "dist/web/worker.js", alias: webRuntime },
  { ...page, entryPoints: ["src/web/worker.ts"], outfile: "dist/web/gpuWorker.js", alias: gpuRuntime },
  // Modules that share what both pages need; a view is a file of its own, loaded when it is first shown.
  {
    ...page,
    format: "esm",
    splitting: true,
    entryPoints: ["webview/inspector.ts", "webview/panel.ts"],
    outdir: "dist/webview",
    chunkNames: "parts/[name]-[hash]",
  },
  {
    ...common,
    entryPoints: ["webview/inspector.css"],
    outfile: "dist/webview/inspector.css",
    loader: { ".ttf": "file" },
    plugins: [usedIcons],
  },
  // Of the views that are files of their own: loaded with the first of them.
  { ...common, entryPoints: ["webview/views.css"], outfile: "dist/webview/views.css" },
  {
    ...common,
    entryPoints: ["webview/panel.css"],
    outfile: "dist/webview/panel.css",
    loader: { ".ttf": "file" },
  },
  // The inspector's page for one self-contained file: everything inside.
  { ...page, entryPoints: ["webview/standalone/inspector.ts"], outfile: "dist/webview/standalone.js" },
  {
    ...common,
    entryPoints: ["webview/standalone/inspector.css"],
    outfile: "dist/webview/standalone.css",
    loader: { ".ttf": "dataurl" },
    plugins: [usedIcons],
  },
];

async function main() {
  fs.mkdirSync("dist", { recursive: true });
  // Their names change with their content.
  if (!only) fs.rmSync("dist/webview/parts", { recursive: true, force: true });
  const present = bundles.filter(
    ({ entryPoints: [entry] }) => fs.existsSync(entry) && (!only || only.split(",").includes(entry)),
  );
  copyRuntime();
  copyPictureTools();
  listModels();
  if (watch) {
    for (const options of present) await (await esbuild.context(options)).watch();
    return;
  }
  const results = await Promise.all(present.map((options) => esbuild.build(options)));
  writeMetafile(results);
  for (const { metafile } of results) {
    for (const [file, { bytes }] of Object.entries(metafile.outputs))
      console.log(`${(bytes / 1024).toFixed(1).padStart(8)} KB  ${file}`);
  }
}

/** Which sources went into which bundle: for sizes and for the notices of what is bundled. */
function writeMetafile(results) {
  const all = { inputs: {}, outputs: {} };
  for (const { metafile } of results) {
    Object.assign(all.inputs, metafile.inputs);
    Object.assign(all.outputs, metafile.outputs);
  }
  fs.mkdirSync("out", { recursive: true });
  fs.writeFileSync("out/metafile.json", JSON.stringify(all));
}

/** The runtime's own files, which it loads by URL. */
function copyRuntime() {
  const from = path.dirname(require.resolve("onnxruntime-web"));
  fs.mkdirSync("dist/runtime", { recursive: true });
  const build = "ort-wasm-simd-threaded";
  // What an earlier build of this repository left.
  fs.rmSync(`dist/runtime/${build}.jspi.mjs`, { force: true });
  for (const file of [`${build}.mjs`, `${build}.wasm`, `${build}.jspi.wasm`]) {
    fs.copyFileSync(path.join(from, file), path.join("dist/runtime", file));
  }
}

/** What the command line draws PNGs with: a rasteriser, and fonts that are the same everywhere. */
function copyPictureTools() {
  const files = {
    "resvg.wasm": require.resolve("@resvg/resvg-wasm/index_bg.wasm"),
    "DejaVuSans.ttf": require.resolve("dejavu-fonts-ttf/ttf/DejaVuSans.ttf"),
    "DejaVuSansMono.ttf": require.resolve("dejavu-fonts-ttf/ttf/DejaVuSansMono.ttf"),
  };
  fs.mkdirSync("dist/picture", { recursive: true });
  for (const [name, from] of Object.entries(files)) fs.copyFileSync(from, path.join("dist/picture", name));
}

/** Names of the embedded models, for browsers, which cannot list a folder. */
function listModels() {
  const folder = "media/models";
  if (!fs.existsSync(folder)) return;
  const ids = fs.readdirSync(folder).filter((id) => fs.existsSync(path.join(folder, id, "card.json")));
  fs.writeFileSync(path.join(folder, "index.json"), `${JSON.stringify(ids)}\n`);
}

main().catch((error) => {
  console.error(error.message ?? error);
  process.exit(1);
});
