import { readFile } from "node:fs/promises";
import path from "node:path";
import { initWasm, Resvg } from "@resvg/resvg-wasm";
import { encode } from "fast-png";
import { fileMissing } from "../../core/errors";
import { blockRule, maskRule } from "../../core/maskRule";
import { isPerLayer, measureMask } from "../../core/measures/measure";
import { findBlock, tokensOf } from "../../core/run";
import { headFigure } from "../../paint/headFigure";
import type { Pixels } from "../../paint/heatmap";
import { overviewFigure } from "../../paint/overviewFigure";
import { tokenLabels } from "../../paint/tokenText";
import { pooledVisibility } from "../../paint/visibility";
import { arrangeFigures } from "./arrangeFigures";
import type { Home } from "./home";
import type { ChosenLayer, Inspection } from "./inspection";
import type { Write } from "./outputFiles";

/** Of one layer: every head as a heatmap with its tokens. Of several: each block's overview, layers x heads. */
export async function writeSvg(inspection: Inspection, write: Write): Promise<void> {
  await write(await drawFigure(inspection));
}

/** The same figure in pixels, two for each unit of the SVG. */
export async function writePng(inspection: Inspection, write: Write, { pictureFolder }: Home): Promise<void> {
  const svg = await drawFigure(inspection);
  const read = (name: string) =>
    readFile(path.join(pictureFolder, name)).catch(() => {
      throw fileMissing(path.join(pictureFolder, name), "build first (npm run build)");
    });
  await (ready ??= initWasm(read("resvg.wasm")));
  const fontBuffers = [
    await read("DejaVuSansMono.ttf"),
    await read("DejaVuSans.ttf"),
    ...(await fontsFor(svg)),
  ];
  const picture = new Resvg(svg, {
    font: {
      fontBuffers,
      defaultFontFamily: "DejaVu Sans",
      sansSerifFamily: "DejaVu Sans",
      monospaceFamily: "DejaVu Sans Mono",
    },
    fitTo: { mode: "zoom", value: 2 },
  }).render();
  await write(picture.asPng());
}

/** resvg is started once in a process. */
let ready: Promise<void> | undefined;

/** Where systems keep a font with Chinese, Japanese and Korean characters, which DejaVu lacks. */
const cjkFonts = [
  "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
  "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
  "/System/Library/Fonts/Hiragino Sans GB.ttc",
  "C:\\Windows\\Fonts\\msyh.ttc",
];

async function fontsFor(svg: string): Promise<Buffer[]> {
  if (!/[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]/u.test(svg)) return [];
  for (const file of cjkFonts) {
    const font = await readFile(file).catch(() => undefined);
    if (font) return [font];
  }
  return [];
}

async function drawFigure(inspection: Inspection): Promise<string> {
  const { layers } = inspection;
  const [only] = layers;
  if (layers.length === 1 && only) return arrangeFigures(await headFigures(inspection, only), "grid");
  const blocks = [...new Set(layers.map(({ block }) => block))];
  const figures: string[] = [];
  for (const block of blocks) figures.push(await overview(inspection, block));
  return arrangeFigures(figures, "column");
}

async function headFigures(
  { engine, run, title, shown: measure }: Inspection,
  { block, info }: ChosenLayer,
): Promise<string[]> {
  const { queries, keys } = findBlock(run, block)!;
  const { visible, nKeys } = await engine.mask({ runId: run.runId, block, layer: info.layer });
  const figures: string[] = [];
  const joined = isPerLayer(measure);
  const rule = joined ? maskRule(measureMask(info.mask, measure)) : undefined;
  for (let head = 0; head < (joined ? 1 : info.nHeads); head++) {
    const choice = { block, layer: info.layer, head };
    const { data, largest } = await engine.matrix({ runId: run.runId, choice, measure });
    figures.push(
      headFigure({
        title: `${block} layer ${info.layer}, ${joined ? measure : `head ${head}`}`,
        subtitle: title,
        queryLabels: tokenLabels(tokensOf(run, queries)),
        keyLabels: tokenLabels(tokensOf(run, keys)),
        data,
        measure,
        ...(largest !== undefined && { largest }),
        isVisible: rule ?? ((query, key) => visible[query * nKeys + key] === 1),
        encodeImage,
      }),
    );
  }
  return figures;
}

async function overview(inspection: Inspection, block: ChosenLayer["block"]): Promise<string> {
  const { engine, run, title } = inspection;
  const wanted = inspection.layers.filter((layer) => layer.block === block).map(({ info }) => info);
  // Scores have no common scale: their heads are shown by their weights.
  const measure = inspection.shown === "scores" ? "weights" : inspection.shown;
  const all = await engine.thumbnails({ runId: run.runId, block, size: 192, measure });
  const { rows, columns } = all;
  const layers = all.layers.filter(({ layer }) => wanted.some((info) => info.layer === layer));
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const { layer, nHeads } of all.layers) {
    const end = at + nHeads * rows * columns;
    if (layers.some((shown) => shown.layer === layer)) parts.push(all.data.subarray(at, end));
    at = end;
  }
  const data = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  parts.reduce((offset, part) => (data.set(part, offset), offset + part.length), 0);
  return overviewFigure({
    title: `${block} attention, ${isPerLayer(measure) ? `${measure} after each layer` : "layers x heads"}`,
    measure,
    largest: all.largest,
    subtitle: title,
    layers,
    thumbnails: { rows, columns, data },
    isVisible: (layer, row, column) => {
      const info = wanted.find((one) => one.layer === layer)!;
      const byMask = blockRule(measureMask(info.mask, measure));
      return !byMask || pooledVisibility(byMask, info.nQueries, info.nKeys, rows, columns)(row, column);
    },
    encodeImage,
  });
}

function encodeImage({ width, height, data }: Pixels): string {
  const png = encode({
    width,
    height,
    data: new Uint8Array(data.buffer, data.byteOffset, data.length),
    channels: 4,
  });
  return `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
}
