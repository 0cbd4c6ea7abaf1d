// Runs every test/bench/*.bench.ts and writes docs/performance.md. `npm run bench`; `npm run bench -- engine` runs
// those whose name holds "engine" and prints only; with --write it renews their sections.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import esbuild from "esbuild";

const root = path.join(import.meta.dirname, "..");
const wanted = process.argv.slice(2).filter((argument) => argument !== "--write");
const writes = wanted.length === 0 || process.argv.includes("--write");
const page = path.join(root, "docs/performance.md");
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
    // After each: a run that is ended early keeps what it measured.
    if (writes) writePage();
  } catch (error) {
    console.error(`  failed: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
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

function writePage() {
  fs.mkdirSync(path.dirname(page), { recursive: true });
  const known = new Set(files.map((file) => sectionName(file)));
  const sections = new Map(
    (fs.existsSync(page) ? fs.readFileSync(page, "utf8") : "")
      .split(/^(?=## )/m)
      .slice(1)
      .map((text) => [text.slice(3, text.indexOf("\n")), `${text.trimEnd()}\n`]),
  );
  for (const name of sections.keys()) {
    const isMeasured = results.some(({ file }) => sectionName(file) === name);
    const isLeft = wanted.length === 0 && !known.has(name);
    if (isMeasured || isLeft) sections.delete(name);
  }
  for (const result of results) sections.set(sectionName(result.file), section(result));
  const ordered = [...sections].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, text]) => text);
  fs.writeFileSync(page, report(ordered));
}

function sectionName(file) {
  return file.replace(".bench.ts", "");
}

function section({ file, load, rows, note }) {
  return [
    `## ${sectionName(file)}`,
    "",
    `\`npm run bench -- ${sectionName(file)}\`, load of the machine when it began: ${load.toFixed(1)}`,
    "",
    ...(note ? [note, ""] : []),
    "| what | figure | aim |",
    "| --- | ---: | ---: |",
    ...rows.map(
      (row) =>
        `| ${row.name} | ${row.note ?? `${numberText(row.value)} ${row.unit}`} | ${row.aim === undefined ? "" : `${row.aim} ${row.unit} or less`} |`,
    ),
    "",
  ].join("\n");
}

function report(sections) {
  const { version } = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8"));
  const versionOf = (name) =>
    JSON.parse(fs.readFileSync(path.join(root, "node_modules", name, "package.json"), "utf8")).version;
  const cpus = os.cpus();
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
