import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileMissing } from "../../core/errors";
import type { ShownMeasure } from "../../core/measures/measure";
import type { Measure } from "../../core/run";
import type { Prediction } from "../../protocol/slices";
import { PAGE_EVERYTHING, PAGE_OF_HEADS } from "../../protocol/pageExport";
import { encodeStandalone, type StandaloneTensor } from "../../protocol/standalone";
import { standaloneDocument } from "../../protocol/standalonePage";
import type { Home } from "./home";
import { layerTensor, layerVectors, type Inspection } from "./inspection";
import type { Write } from "./outputFiles";

/** Above this many bytes of float32 the page carries float16: half the size, 3 significant digits. */
const EXACT_BYTES = 32e6;
const PREDICTIONS = 10;

/** The inspector with this run's data in one file that needs no network, no server and no extension. */
export async function writePage(inspection: Inspection, write: Write, { pageFolder }: Home): Promise<void> {
  const [script, style] = await Promise.all(
    ["standalone.js", "standalone.css"].map((name) => {
      const file = path.join(pageFolder, name);
      return readFile(file, "utf8").catch(() => {
        throw fileMissing(file, "build first (npm run build)");
      });
    }),
  );
  const { before, after } = standaloneDocument({ title: inspection.title, script: script!, style: style! });
  await write(before);
  await writeData(inspection, write);
  await write(after);
}

async function writeData(inspection: Inspection, write: Write): Promise<void> {
  const { run, layers, measures, vectors, engine } = inspection;
  const [first] = layers;
  const choice = { block: first?.block ?? "decoder", layer: first?.info.layer ?? 0, head: 0 } as const;
  const selection = { view: "heads", choice, measure: inspection.shown } as const;
  const isWhole = layers.length === run.blocks.reduce((sum, block) => sum + block.layers.length, 0);
  if (isWhole) {
    const asked = [...new Set(["weights" as const, ...measures.filter(isCaptured), ...vectors])];
    // All that heads have: then what follows them too, which has no name of its own here.
    const isAll = PAGE_OF_HEADS.every((one) => asked.includes(one));
    const what = isAll ? PAGE_EVERYTHING : asked;
    for (let part = 0, nParts = 1; part < nParts; part++) {
      const answer = await engine.exportPage({ runId: run.runId, what, selection, part });
      nParts = answer.nParts;
      await write(answer.bytes);
    }
    return;
  }
  const tensors = await tensorsOf(inspection);
  const bytes = tensors.reduce((sum, { data }) => sum + data.byteLength, 0);
  const data = encodeStandalone(
    { run, tensors, selection, predictions: await predictionsOf(inspection) },
    bytes > EXACT_BYTES ? "float16" : "float32",
  );
  await write(data);
}

function isCaptured(measure: ShownMeasure): measure is Measure {
  return measure === "weights" || measure === "scores";
}

async function tensorsOf(inspection: Inspection): Promise<StandaloneTensor[]> {
  const { layers, measures, vectors } = inspection;
  const tensors: StandaloneTensor[] = [];
  for (const layer of layers) {
    const place = { block: layer.block, layer: layer.info.layer };
    // Every view starts from the weights.
    for (const what of new Set(["weights" as const, ...measures.filter(isCaptured)])) {
      tensors.push({ ...place, what, ...(await layerTensor(inspection, layer, what)) });
    }
    for (const what of vectors) {
      tensors.push({ ...place, what, ...(await layerVectors(inspection, layer, what)) });
    }
  }
  return tensors;
}

async function predictionsOf({
  run,
  engine,
}: Inspection): Promise<{ position: number; likely: Prediction[] }[]> {
  if (!run.hasPredictions) return [];
  const predictions = [];
  const nPositions = (run.targetTokens ?? run.tokens).length;
  for (let position = 0; position < nPositions; position++) {
    predictions.push({
      position,
      likely: await engine.predictions({ runId: run.runId, position, count: PREDICTIONS }),
    });
  }
  return predictions;
}
