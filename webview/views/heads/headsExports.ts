import { nothingToExport } from "../../../src/core/errors";
import { overviewFigure } from "../../../src/paint/overviewFigure";
import { isPerLayer, measureMask, perHeadMeasure } from "../../../src/core/measures/measure";
import { blockRule } from "../../../src/core/maskRule";
import { pooledVisibility } from "../../../src/paint/visibility";
import { pixelsToDataUrl } from "../../parts/canvas";
import { csvLine } from "../../parts/csv";
import { figureSubtitle } from "../../parts/figureText";
import { runArrays } from "../../parts/runArrays";
import { statisticArrays } from "../../parts/statisticArrays";
import type { ViewContext, ViewExports } from "../view";
import { statisticNames } from "./headsOrder";
import type { OverviewData } from "./overviewData";

/** The overview as a figure; the statistics of its heads as numbers. */
export function headsExports({ inspector, data }: ViewContext, overview: OverviewData): ViewExports {
  const rows = () => (data.statistics.peek() ?? []).map(({ address, values }) => ({ ...address, ...values }));
  return {
    fileName: () => `headlight-heads-${inspector.selection.peek().choice.block}-${overview.measure.peek()}`,
    async svg() {
      const block = inspector.block.peek();
      const thumbnails = overview.thumbnails.peek().value;
      if (!block || !thumbnails) throw nothingToExport();
      const visible = block.layers.map((layer) => {
        const rule = blockRule(measureMask(layer.mask, overview.measure.peek()));
        return (
          rule && pooledVisibility(rule, layer.nQueries, layer.nKeys, thumbnails.rows, thumbnails.columns)
        );
      });
      return overviewFigure({
        title: isPerLayer(overview.measure.peek())
          ? `All layers, ${block.kind}, ${overview.measure.peek()}`
          : `All heads, ${block.kind}`,
        subtitle: figureSubtitle(inspector.run.peek()!),
        layers: thumbnails.layers,
        thumbnails,
        measure: overview.measure.peek(),
        largest: thumbnails.largest,
        means: overview.means.peek(),
        isVisible: (layer, row, column) => {
          const at = block.layers.findIndex((entry) => entry.layer === layer);
          return visible[at]?.(row, column) ?? true;
        },
        squareRoot: inspector.arrangement.peek().squareRoot,
        map: inspector.settings.peek().colourMap,
        palette: inspector.theme.peek().palette,
        encodeImage: pixelsToDataUrl,
      });
    },
    async csv() {
      const names = statisticNames(data.statistics.peek());
      const measure = perHeadMeasure(inspector.selection.peek().measure);
      const lines = (data.statistics.peek() ?? []).map(({ address, values }) =>
        csvLine([
          address.block,
          address.layer,
          address.head,
          measure,
          ...names.map((name) => values[name] ?? ""),
        ]),
      );
      return csvLine(["block", "layer", "head", "measure", ...names]) + lines.join("");
    },
    arrays: async () => [
      ...statisticArrays(data.statistics.peek() ?? []),
      ...runArrays(inspector.run.peek()),
    ],
    json: async () => ({
      model: inspector.run.peek()?.model.id,
      text: inspector.run.peek()?.text,
      measure: perHeadMeasure(inspector.selection.peek().measure),
      heads: rows(),
    }),
  };
}
