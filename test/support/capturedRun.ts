import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { unzipSync } from "fflate";
import { parse } from "npyjs";
import type { BlockKind, HeadVectors, Measure, RunSummary } from "../../src/core/run";
import type { StandaloneRun, StandaloneTensor } from "../../src/protocol/standalone";

const root = path.resolve(import.meta.dirname, "../..");
const commandLine = path.join(root, "dist/node/cli.js");

export function canCapture(): boolean {
  return existsSync(commandLine);
}

/** A text run through an embedded model by the built command line: weights, scores, q, k and v. */
export async function capturedRun(
  text: string,
  measures = "weights,scores,qkv",
  model = "code-4x8",
): Promise<StandaloneRun> {
  const folder = mkdtempSync(path.join(tmpdir(), "headlight-test-"));
  try {
    const input = path.join(folder, "text.txt");
    const output = path.join(folder, "run.npz");
    writeFileSync(input, text);
    const what = ["--what", measures, "--out", output, "--json"];
    const json = execFileSync(
      process.execPath,
      [commandLine, "inspect", "--model", model, "--file", input, ...what],
      {
        cwd: root,
        encoding: "utf8",
        maxBuffer: 1e8,
      },
    );
    return { run: JSON.parse(json) as RunSummary, tensors: await readTensors(output), predictions: [] };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** "weights.3" is a decoder's or an only encoder's; "cross.weights.3" names its block. */
async function readTensors(file: string): Promise<StandaloneTensor[]> {
  const tensors: StandaloneTensor[] = [];
  for (const [name, bytes] of Object.entries(unzipSync(readFileSync(file)))) {
    const found = /^(?:(encoder|decoder|cross)\.)?(weights|scores|q|k|v)\.(\d+)\.npy$/.exec(name);
    if (!found) continue;
    const { data, shape } = parse(bytes.slice().buffer);
    tensors.push({
      block: (found[1] ?? "decoder") as BlockKind,
      what: found[2] as Measure | HeadVectors,
      layer: Number(found[3]),
      dims: shape,
      data: data as Float32Array,
    });
  }
  return tensors;
}
