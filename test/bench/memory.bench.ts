import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createEngine } from "../../src/engine/handle";
import { inlineStarter } from "../../src/engine/inline";
import { createService } from "../../src/engine/worker/service";
import { folderModel } from "../../src/model/folder";
import { nodeFiles } from "../../src/node/files";
import { nodePlatform } from "../../src/node/platform";
import { writeGeneratedModel } from "../support/generatedModel";
import type { BenchRow } from "./tokenizer.bench";

const root = path.join(import.meta.dirname, "../..");
const REPEATS = 3;
/** The setting's default. */
const BUDGET = 2 ** 30;

/** What one inspection in a fresh process took. */
interface Peak {
  readonly form: string;
  readonly peakMb: number;
  readonly seconds: number;
  readonly measuredError?: number;
}

/**
 * Peak resident memory of one inspection in a fresh process, as the default setting plans it, over the same with all
 * weights kept as float32. The model is of GPT-2 small's shape with random weights, made here.
 */
export async function run(): Promise<BenchRow[]> {
  if (process.platform !== "linux") throw new Error("Peak memory is read from /proc, which only Linux has");
  const scratch = await mkdtemp(path.join(tmpdir(), "headlight-memory-"));
  try {
    const gpt2 = path.join(scratch, "12x12");
    await writeGeneratedModel(gpt2, { nLayers: 12, nHeads: 12, dHead: 64, context: 4096, vocab: 4096 });
    const small = path.join(scratch, "4x8");
    await writeGeneratedModel(small, { nLayers: 4, nHeads: 8, dHead: 32, context: 4096, vocab: 4096 });
    const float32 = repeated(gpt2, 1024, Infinity);
    const planned = repeated(gpt2, 1024, BUDGET);
    const long = peakOf(small, 4096, BUDGET);
    return [
      {
        name: "12 x 12 heads, 1,024 tokens, all weights as float32: peak",
        value: float32.peakMb,
        unit: "MB",
      },
      { name: `the same as planned by default (${planned.form}): peak`, value: planned.peakMb, unit: "MB" },
      {
        name: "peak memory, 12 x 12 heads, 1,024 tokens, over all float32 kept",
        value: planned.peakMb / float32.peakMb,
        unit: "x",
        aim: 0.7,
      },
      { name: "the same, time over all float32 kept", value: planned.seconds / float32.seconds, unit: "x" },
      {
        name: "largest error of a weight kept as a byte, as measured",
        value: planned.measuredError ?? 0,
        unit: "",
      },
      {
        name: `4 x 8 heads, 4,096 tokens, as planned by default (${long.form}): peak`,
        value: long.peakMb,
        unit: "MB",
      },
      { name: "the same: time", value: long.seconds, unit: "s" },
    ];
  } finally {
    await rm(scratch, { recursive: true });
  }
}

function repeated(folder: string, nTokens: number, budget: number): Peak {
  const peaks = Array.from({ length: REPEATS }, () => peakOf(folder, nTokens, budget));
  const median = (of: (peak: Peak) => number) =>
    peaks.map(of).sort((a, b) => a - b)[Math.floor(REPEATS / 2)]!;
  return { ...peaks[0]!, peakMb: median((one) => one.peakMb), seconds: median((one) => one.seconds) };
}

/** This file again, in a process of its own. */
function peakOf(folder: string, nTokens: number, budget: number): Peak {
  const file = path.join(root, "out/bench/memory.bench.mjs");
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [file, "inspect", folder, String(nTokens), String(budget)],
    { encoding: "utf8" },
  );
  const line = stdout.split("\n").find((one) => one.startsWith("{"));
  if (!line) throw new Error(`The measured process failed: ${stderr}`);
  return JSON.parse(line) as Peak;
}

async function inspectHere(folder: string, nTokens: number, byteBudget: number): Promise<void> {
  const platform = nodePlatform(path.join(root, "node_modules/onnxruntime-web/dist"));
  const engine = createEngine(
    inlineStarter((emit) => createService(platform, emit)),
    { threads: 1, byteBudget },
  );
  const { source } = await folderModel(nodeFiles, folder);
  const ids = Array.from({ length: nTokens }, (_, i) => (i * 37) % 4000);
  const { kept, durations } = await engine.inspect({ model: source, ids });
  const high = /VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))![1];
  const peak: Peak = {
    form: kept?.form ?? "float32",
    peakMb: Number(high) / 1000,
    seconds: durations.runMs / 1000,
    ...(kept?.measuredError !== undefined && { measuredError: kept.measuredError }),
  };
  console.log(JSON.stringify(peak));
  process.exit();
}

const [, , command, folder, nTokens, budget] = process.argv;
if (command === "inspect") await inspectHere(folder!, Number(nTokens), Number(budget));
