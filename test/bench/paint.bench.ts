import path from "node:path";
import { performance } from "node:perf_hooks";
import { createEngine } from "../../src/engine/handle";
import { inlineStarter } from "../../src/engine/inline";
import { createService } from "../../src/engine/worker/service";
import { embeddedModels } from "../../src/model/embedded";
import { nodeFiles } from "../../src/node/files";
import { nodePlatform } from "../../src/node/platform";
import { cellColours, paintCells, quantise } from "../../src/paint/heatmap";
import { paperPalette } from "../../src/paint/palette";
import { sequentialRamp } from "../../src/paint/ramp";
import { weightScale } from "../../src/paint/scale";
import type { BenchRow } from "./tokenizer.bench";

const root = path.join(import.meta.dirname, "../..");
const FRAME_MS = 16;
const N_TOKENS = 512;
const EDGE = 1000;
const N_RUNS = 15;

/** Quantising and painting one causal head of 512 x 512 weights of the default model, in frames of 16 ms; medians. */
export async function run(): Promise<BenchRow[]> {
  const [entry] = await embeddedModels(nodeFiles, path.join(root, "media/models"));
  if (!entry) throw new Error("No embedded model to measure");
  const platform = nodePlatform(path.join(root, "node_modules/onnxruntime-web/dist"));
  const engine = createEngine(
    inlineStarter((emit) => createService(platform, emit)),
    { threads: 1, byteBudget: 1e9 },
  );
  const ids = Array.from({ length: N_TOKENS }, (_, i) => (i * 37) % 4000);
  const { runId } = await engine.inspect({ model: entry.source, ids });
  const choice = { block: "decoder", layer: 1, head: 0 } as const;
  const { data } = await engine.matrix({ runId, choice, measure: "weights" });

  const causal = (row: number, column: number) => column <= row;
  const quantised = () => quantise(data, N_TOKENS, N_TOKENS, weightScale(true), causal);
  const cells = quantised();
  const target = { width: EDGE, height: EDGE, data: new Uint8ClampedArray(4 * EDGE * EDGE) };
  const colours = cellColours(sequentialRamp("theme", paperPalette), paperPalette);
  const view = { row: 0, column: 0, cellWidth: EDGE / N_TOKENS, cellHeight: EDGE / N_TOKENS };
  const paint = () => paintCells(target, { x: 0, y: 0, width: EDGE, height: EDGE }, cells, view, colours);
  return [
    {
      name: "one head of 512 x 512, to codes",
      value: medianMs(quantised) / FRAME_MS,
      unit: "frames of 16 ms",
    },
    {
      name: "one head of 512 x 512, painted on 1,000 x 1,000 pixels",
      value: medianMs(paint) / FRAME_MS,
      unit: "frames of 16 ms",
      aim: 1,
    },
  ];
}

function medianMs(work: () => unknown): number {
  for (let i = 0; i < 3; i++) work();
  const times = Array.from({ length: N_RUNS }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  });
  return times.sort((a, b) => a - b)[N_RUNS >> 1]!;
}
