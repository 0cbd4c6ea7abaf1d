import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileMissing } from "../../core/errors";
import type { ShownMeasure } from "../../core/measures/measure";
import type { Measure } from "../../core/run";
import type { Prediction } from "../../protocol/slices";
import { encodeStandalone, standaloneElementId, type StandaloneTensor } from "../../protocol/standalone";
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
  const tensors = await tensorsOf(inspection);
  const bytes = tensors.reduce((sum, { data }) => sum + data.byteLength, 0);
  const data = encodeStandalone(
    { run: inspection.run, tensors, predictions: await predictionsOf(inspection) },
    bytes > EXACT_BYTES ? "float16" : "float32",
  );
  const policy =
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:";
  await write(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeText(inspection.title)}</title>
<style>${style!.replaceAll("</style", "<\\/style")}</style>
</head>
<body>
<div id="page"></div>
<script type="application/json" id="${standaloneElementId}">`);
  await write(data);
  await write(`</script>
<script>${script!.replaceAll("</script", "<\\/script")}</script>
</body>
</html>
`);
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

function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
