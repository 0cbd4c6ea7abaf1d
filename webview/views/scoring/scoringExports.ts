import { nothingToExport } from "../../../src/core/errors";
import { matricesFigure } from "../../../src/paint/matricesFigure";
import { pixelsToDataUrl } from "../../parts/canvas";
import { csvLine } from "../../parts/csv";
import type { Inspector } from "../../state/inspector";
import type { ViewExports } from "../view";
import { scoringArrays } from "./scoringArrays";
import { scoringNames } from "./costCharts";
import { scoringFormulas } from "./scoringFormulas";
import type { TrainedScoring } from "./trainedScoring";

/** The three models beside each other as a figure and as numbers. */
export function scoringExports(inspector: Inspector, { state, shown }: TrainedScoring): ViewExports {
  const runs = () => {
    if (shown.peek().length === 0) throw nothingToExport();
    return shown.peek();
  };
  const text = () => state.peek().value?.text ?? "";
  return {
    fileName: () => "headlight-scoring",
    svg: async () =>
      matricesFigure({
        title: "Cross-attention by scoring function",
        subtitles: [`input: ${text()}`],
        panels: runs().map(({ run, rowLabels, columnLabels, output }) => ({
          title: scoringNames[run.scoring],
          subtitle: scoringFormulas[run.scoring],
          rowLabels,
          columnLabels,
          data: run.weights,
          notes: [`writes ${output}`],
        })),
        squareRoot: inspector.arrangement.peek().squareRoot,
        map: inspector.settings.peek().colourMap,
        palette: inspector.theme.peek().palette,
        encodeImage: pixelsToDataUrl,
      }),
    async csv() {
      const lines = [csvLine(["scoring", "row", "writes", "column", "source", "weight"])];
      for (const { run, rowLabels, columnLabels } of runs()) {
        run.weights.forEach((weight, at) => {
          const [row, column] = [Math.floor(at / columnLabels.length), at % columnLabels.length];
          lines.push(csvLine([run.scoring, row, rowLabels[row]!, column, columnLabels[column]!, weight]));
        });
      }
      return lines.join("");
    },
    arrays: async () => scoringArrays(runs().map(({ run }) => run)),
    json: async () => ({
      text: text(),
      models: runs().map(({ run, output, entropyBits }) => ({
        scoring: run.scoring,
        formula: scoringFormulas[run.scoring],
        model: run.modelId,
        parameters: run.parameters,
        metrics: run.metrics,
        output,
        entropyBits,
        source: run.source.map((token) => token.text),
        target: run.target.map((token) => token.text),
        dims: [run.target.length, run.source.length],
        weights: [...run.weights],
      })),
    }),
  };
}
