import fs from "node:fs";
import path from "node:path";
import { outFolder, root } from "../../scripts/folders.mjs";
import { loadedAtOnce } from "../../scripts/package/loadedAtOnce.mjs";
import { bundleSuite } from "../../scripts/vscode/bundleSuite.mjs";
import { runSuite } from "../../scripts/vscode/suite.mjs";
import { modelToMeasure, textFiles } from "./texts";
import type { HostFigures } from "./host";
import type { BenchRow } from "./tokenizer.bench";

/** What inspections cost the extension host of a real VS Code, and the sizes of what is loaded. Medians. */
export async function run(): Promise<BenchRow[]> {
  const host = await measureHost(textFiles(modelToMeasure(), [64, 256], 11).folder);
  return [
    ...host.inspections.map(({ nTokens, longestBlockMs }) => ({
      name: `extension host: longest block, ${nTokens} tokens`,
      value: longestBlockMs,
      unit: "ms",
      aim: 20,
    })),
    { name: "extension host: activation", value: host.activationMs, unit: "ms" },
    ...sizes(),
  ];
}

async function measureHost(folder: string): Promise<HostFigures> {
  const suite = await bundleSuite("bench/host");
  const { result } = await runSuite({ host: "node", extension: root, suite, folder });
  return result as HostFigures;
}

function sizes(): BenchRow[] {
  const { outputs } = JSON.parse(fs.readFileSync(path.join(outFolder, "metafile.json"), "utf8")) as {
    outputs: Record<string, { bytes: number; imports: { path: string; kind: string }[] }>;
  };
  const kilobytes = (file: string) => (outputs[file]?.bytes ?? 0) / 1024;
  const rows: BenchRow[] = Object.keys(outputs).map((file) => ({
    name: `size: ${file}`,
    value: kilobytes(file),
    unit: "KB",
  }));
  const together = loadedAtOnce(outputs).reduce((sum, file) => sum + kilobytes(file), 0);
  rows.push({ name: "size: extension and first page together", value: together, unit: "KB", aim: 400 });
  for (const file of fs.readdirSync(root).filter((name) => name.endsWith(".vsix"))) {
    rows.push({ name: `size: ${file}`, value: fs.statSync(path.join(root, file)).size / 1024, unit: "KB" });
  }
  return rows;
}
