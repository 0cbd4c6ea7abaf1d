// Runs every test/bench/*.bench.ts and writes docs/performance.md. `npm run bench`; `npm run bench -- engine` runs
// those whose name holds "engine" and prints only.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import esbuild from "esbuild";

const root = path.join(import.meta.dirname, "..");
const wanted = process.argv.slice(2);
const files = fs
  .readdirSync(path.join(root, "test/bench"))
  .filter((name) => name.endsWith(".bench.ts"))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)));

const results = [];
for (const file of files) {
  console.log(file);
  const load = os.loadavg()[0];
  try {
    const { run, note } = await bundled(file);
    const rows = await run();
    for (const row of rows)
      console.log(`  ${row.name}: ${row.note ?? `${numberText(row.value)} ${row.unit}${aimText(row)}`}`);
    results.push({ file, load, rows, note });
  } catch (error) {
    console.error(`  failed: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}
if (wanted.length === 0) {
  fs.mkdirSync(path.join(root, "docs"), { recursive: true });
  fs.writeFileSync(path.join(root, "docs/performance.md"), report());
  console.log("docs/performance.md");
}
process.exit();

/** One file as a module. It lies as deep as its source, so that relative paths into the repository hold. */
async function bundled(file) {
  const outfile = path.join(root, "out/bench", file.replace(/\.ts$/, ".mjs"));
  await esbuild.build({
    entryPoints: [path.join(root, "test/bench", file)],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    packages: "external",
    external: ["../../scripts/*"],
    logLevel: "warning",
  });
  return import(pathToFileURL(outfile).href);
}

function report() {
  const { version } = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8"));
  const versionOf = (name) =>
    JSON.parse(fs.readFileSync(path.join(root, "node_modules", name, "package.json"), "utf8")).version;
  const cpus = os.cpus();
  const sections = results.map(({ file, load, rows, note }) =>
    [
      `## ${file.replace(".bench.ts", "")}`,
      "",
      `\`npm run bench -- ${file.replace(".bench.ts", "")}\`, load of the machine when it began: ${load.toFixed(1)}`,
      "",
      ...(note ? [note, ""] : []),
      "| what | figure | aim |",
      "| --- | ---: | ---: |",
      ...rows.map(
        (row) =>
          `| ${row.name} | ${row.note ?? `${numberText(row.value)} ${row.unit}`} | ${row.aim === undefined ? "" : `${row.aim} ${row.unit} or less`} |`,
      ),
      "",
    ].join("\n"),
  );
  return `# Performance

Written by \`npm run bench\`; medians, and ratios of runs that alternate in one process. Take the ratios: times depend
on the machine and on what else it does.

- ${cpus.length} x ${cpus[0]?.model ?? "unknown processor"}, ${Math.round(os.totalmem() / 2 ** 30)} GB, ${os.type()}
- Node ${process.versions.node}, onnxruntime-web ${versionOf("onnxruntime-web")}, Headlight ${version}, ${new Date().toISOString().slice(0, 10)}

${sections.join("\n")}`;
}

function numberText(value) {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function aimText({ aim, unit }) {
  return aim === undefined ? "" : ` (aim: ${aim} ${unit} or less)`;
}
