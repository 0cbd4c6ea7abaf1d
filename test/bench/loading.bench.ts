import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { zipSync } from "fflate";
import { dump } from "npyjs";
import { WIDTH, writeLargeModel } from "./largeModel";
import type { BenchRow } from "./tokenizer.bench";

const root = path.join(import.meta.dirname, "../..");
const N_LAYERS = 32;
const N_TOKENS = 128;

/** Loading a model of 400 MB and inspecting 128 places with it, by the command line in a process of its own: its peak memory. */
export function run(): Promise<BenchRow[]> {
  const folder = mkdtempSync(path.join(tmpdir(), "headlight-bench-"));
  try {
    const model = path.join(folder, "model.onnx");
    writeLargeModel(model, N_LAYERS);
    const numbers = Float32Array.from({ length: N_TOKENS * WIDTH }, (_, at) => Math.sin(at) / 4);
    const inputs = path.join(folder, "inputs.npz");
    writeFileSync(inputs, zipSync({ "x.npy": new Uint8Array(dump(numbers, [1, N_TOKENS, WIDTH])) }));
    const { size } = statSync(model);
    const peak = peakOf(["inspect", "--model", model, "--inputs", inputs, "--json"]);
    const name = `load a model of ${(size / 1e6).toFixed(0)} MB and run ${N_TOKENS} places`;
    return Promise.resolve([
      {
        name: `${name}: peak memory of the process, over the model's size`,
        value: peak / size,
        unit: "x",
        aim: 2.5,
      },
      { name: `${name}: peak memory of the process`, value: peak / 1e6, unit: "MB" },
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Prints the largest resident size, in KB, as the last line of standard error. */
const REPORT = "process.on('exit', () => console.error(process.resourceUsage().maxRSS))";

/** Bytes of the largest resident size of the command line. */
function peakOf(args: readonly string[]): number {
  const cli = path.join(root, "dist/node/cli.js");
  const hook = `data:text/javascript,${encodeURIComponent(REPORT)}`;
  const found = spawnSync(process.execPath, ["--import", hook, cli, ...args], { maxBuffer: 1e9 });
  const kilobytes = Number(found.stderr.toString().trim().split("\n").at(-1));
  if (found.status !== 0 || !(kilobytes > 0)) throw new Error(found.stderr.toString());
  return kilobytes * 1024;
}
