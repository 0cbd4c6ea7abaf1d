import { nothingToExport } from "../../../src/core/errors";
import { lensFigure } from "../../../src/paint/lensFigure";
import { matricesFigure } from "../../../src/paint/matricesFigure";
import { textOf } from "../../parts/alternatives";
import { pixelsToDataUrl } from "../../parts/canvas";
import { csvLine } from "../../parts/csv";
import { choiceTitle, figureSubtitle } from "../../parts/figureText";
import type { Inspector } from "../../state/inspector";
import type { ViewExports } from "../view";
import { generationArrays } from "./generationArrays";
import type { GenerationData } from "./generationData";

/** The lens as a figure, or what the layers attend to where there is none; all numbers of the view. */
export function generationExports(inspector: Inspector, data: GenerationData): ViewExports {
  const { run, source } = inspector;
  const look = () => ({
    map: inspector.settings.peek().colourMap,
    palette: inspector.theme.peek().palette,
  });
  const written = () => data.written.peek().value ?? [];
  const lens = () => data.lens.peek().value;
  const layerName = (layer: number | "embedding") => (layer === "embedding" ? layer : `layer ${layer}`);
  return {
    fileName: () => `headlight-generation-${run.peek()?.model.id ?? "run"}`.replaceAll(/[/\\:]/g, "-"),
    async svg() {
      const shown = lens();
      const { labels } = source.peek();
      if (shown?.rows.length) {
        return lensFigure({
          title: "Logit lens: what each layer would predict",
          subtitle: figureSubtitle(run.peek()!),
          rowLabels: shown.rows.map(({ layer }) => layerName(layer)),
          columnLabels: shown.rows[0]!.cells.map((_, column) => labels[shown.start + column] ?? ""),
          cells: shown.rows.flatMap(({ cells }) =>
            cells.map(({ likely: [best] }) => ({
              label: textOf(best?.text ?? ""),
              probability: best?.probability ?? NaN,
            })),
          ),
          ...look(),
        });
      }
      const rows = data.attended.peek();
      if (!rows) throw nothingToExport();
      const nKeys = rows.query + 1;
      const weights = new Float32Array(rows.perLayer.length * nKeys);
      rows.perLayer.forEach(({ row }, index) => weights.set(row.subarray(0, nKeys), index * nKeys));
      return matricesFigure({
        title: `What ${labels[rows.query]} (${rows.query}) attends to`,
        subtitles: [figureSubtitle(run.peek()!)],
        panels: [
          {
            title: "Mean of heads, layer by layer",
            rowLabels: rows.perLayer.map(({ layer }) => `L${layer}`),
            columnLabels: labels.slice(0, nKeys),
            data: weights,
          },
        ],
        squareRoot: inspector.arrangement.peek().squareRoot,
        encodeImage: pixelsToDataUrl,
        ...look(),
      });
    },
    async csv() {
      const lines = [csvLine(["table", "index", "token", "layer", "rank", "likely", "probability"])];
      const { tokens } = run.peek()!;
      for (const { index, likely } of written()) {
        likely.forEach(({ text, probability }, rank) =>
          lines.push(csvLine(["written", index, tokens[index]?.text ?? "", "", rank + 1, text, probability])),
        );
      }
      const shown = lens();
      for (const { layer, cells } of shown?.rows ?? []) {
        cells.forEach(({ likely }, column) => {
          const index = shown!.start + column;
          likely.forEach(({ text, probability }, rank) =>
            lines.push(
              csvLine(["lens", index, tokens[index]?.text ?? "", layer, rank + 1, text, probability]),
            ),
          );
        });
      }
      return lines.join("");
    },
    arrays: async () => generationArrays(inspector, data),
    async json() {
      const { model, text, generated, tokens } = run.peek()!;
      const rows = data.attended.peek();
      return {
        model: model.id,
        text,
        generated,
        tokens: tokens.map((token) => token.text),
        written: written(),
        ...(rows && {
          attention: {
            query: rows.query,
            choice: choiceTitle(inspector.selection.peek().choice, 1),
            weights: [...rows.chosen],
            layers: rows.perLayer.map(({ layer, row }) => ({ layer, mean: [...row] })),
          },
        }),
        lens: lens(),
      };
    },
  };
}
