import { matricesFigure } from "../../../src/paint/matricesFigure";
import { pixelsToDataUrl } from "../../parts/canvas";
import { csvLine } from "../../parts/csv";
import { choiceTitle, figureSubtitle } from "../../parts/figureText";
import type { Inspector } from "../../state/inspector";
import type { ViewExports } from "../view";
import { encoderDecoderArrays } from "./encoderDecoderArrays";
import { blockKinds, type EncoderDecoderData, type ShownBlock } from "./encoderDecoderData";

const names = {
  encoder: "Encoder self-attention",
  decoder: "Decoder self-attention",
  cross: "Cross-attention",
};

/** The attentions beside each other as a figure; their weights and the steps as numbers. */
export function encoderDecoderExports(inspector: Inspector, data: EncoderDecoderData): ViewExports {
  const { run, source, target } = inspector;
  const shown = () => blockKinds.flatMap((kind) => data.blocks[kind].peek() ?? []);
  const writes = () => data.steps.peek().map((step) => step.writes);
  const labelsOf = ({ kind }: ShownBlock) => ({
    rowLabels: kind === "encoder" ? source.peek().labels : writes(),
    columnLabels: (kind === "decoder" ? target : source).peek().labels,
  });
  return {
    fileName: () => `headlight-encoder-decoder-${run.peek()?.model.id ?? "run"}`.replaceAll(/[/\\:]/g, "-"),
    async svg() {
      return matricesFigure({
        title: "Encoder-decoder attention",
        subtitles: [figureSubtitle(run.peek()!), `target: ${writes().join("")}`],
        panels: shown().map((block) => ({
          title: names[block.kind],
          subtitle: choiceTitle(block.choice, 1),
          ...labelsOf(block),
          data: block.slice.data,
          isVisible: block.isVisible,
        })),
        squareRoot: inspector.arrangement.peek().squareRoot,
        map: inspector.settings.peek().colourMap,
        palette: inspector.theme.peek().palette,
        encodeImage: pixelsToDataUrl,
      });
    },
    async csv() {
      const lines = [
        csvLine(["block", "layer", "head", "row", "rowToken", "column", "columnToken", "weight"]),
      ];
      for (const block of shown()) {
        const { rowLabels, columnLabels } = labelsOf(block);
        const { layer, head } = block.choice;
        block.slice.data.forEach((weight, at) => {
          const [row, column] = [Math.floor(at / block.slice.columns), at % block.slice.columns];
          const tokens = [row, rowLabels[row] ?? "", column, columnLabels[column] ?? ""];
          lines.push(csvLine([block.kind, layer, head, ...tokens, weight]));
        });
      }
      return lines.join("");
    },
    arrays: async () => encoderDecoderArrays(inspector, data, shown()),
    async json() {
      const { model, text, targetText, generated } = run.peek()!;
      return {
        model: model.id,
        text,
        ...(targetText && { targetText }),
        generated,
        source: source.peek().tokens.map((token) => token.text),
        target: target.peek().tokens.map((token) => token.text),
        steps: data.steps.peek().map(({ query, writes: token, prediction }) => ({
          query,
          writes: token,
          probability: prediction?.probability ?? prediction?.likely[0]?.probability,
          likely: prediction?.likely,
        })),
        attentions: shown().map(({ choice, slice }) => ({
          ...choice,
          dims: [slice.rows, slice.columns],
          values: Array.from(slice.data, (value) => (Number.isFinite(value) ? value : String(value))),
        })),
      };
    },
  };
}
