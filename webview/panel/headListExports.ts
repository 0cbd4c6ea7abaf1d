import { legendText, perHeadMeasure } from "../../src/core/measures/measure";
import { nothingToExport } from "../../src/core/errors";
import { headListFigure } from "../../src/paint/headListFigure";
import { weightScale } from "../../src/paint/scale";
import { pixelsToDataUrl } from "../parts/canvas";
import { csvLine } from "../parts/csv";
import { figureSubtitle } from "../parts/figureText";
import { statisticArrays } from "../parts/statisticArrays";
import { statisticLabel, statisticText } from "../state/readout";
import { statisticNames } from "../views/heads/headsOrder";
import type { ViewExports } from "../views/view";
import { t } from "../words";
import type { ListedHead } from "./arrangeHeads";
import { likeTitle } from "./headList";
import type { Panel } from "./panelState";

/** The list as it is arranged, sorted and filtered: a figure, and every statistic of the heads in it. */
export function headListExports(panel: Panel): ViewExports {
  const { inspector, sort, like } = panel;
  const measure = () => perHeadMeasure(inspector.selection.peek().measure);
  const shown = () => {
    const run = inspector.run.peek();
    const heads = panel.heads.peek();
    if (!run || heads.length === 0) throw nothingToExport();
    return { run, heads };
  };
  /** Of what the statistics are: the probe weighs nothing. */
  const of = () => (panel.source.peek() === "probe" ? "probe" : measure());
  const names = () => statisticNames(panel.statistics.peek());
  const sorted = () => (names().includes(sort.peek()) ? sort.peek() : undefined);
  const likeWhom = () => {
    const address = like.peek();
    return address && panel.similar.peek().value ? address : undefined;
  };
  const arrangedBy = () => {
    const address = likeWhom();
    if (address) return likeTitle(panel, address);
    const by = sorted();
    return by ? t("Heads by {0}", t(statisticLabel(by))) : t("Heads");
  };
  const valueOf = ({ values, divergence }: ListedHead) => {
    const by = sorted();
    const value = divergence ?? (by === undefined ? undefined : values[by]);
    return value === undefined ? "" : statisticText(value);
  };
  return {
    fileName() {
      const { block } = inspector.selection.peek().choice;
      return `headlight-head-list-${block}-${of()}${panel.filter.peek().trim() ? "-filtered" : ""}`;
    },
    async svg() {
      const { run, heads } = shown();
      const { weights: ramp, palette } = panel.colours.peek();
      const squareRoot = inspector.arrangement.peek().squareRoot;
      return headListFigure({
        title: arrangedBy(),
        subtitle: `${figureSubtitle(run)}${of() === "probe" ? `  ·  ${t("statistics of the probe")}` : ""}`,
        heads: heads.map((head) => {
          const cells = panel.overview.cellsOf(head.choice.layer, head.choice.head);
          const description = [head.description, head.figure].filter(Boolean).join(" ");
          return { name: head.name, description, value: valueOf(head), ...(cells && { cells }) };
        }),
        valueName: likeWhom() ? t("JS divergence") : t(statisticLabel(sorted() ?? "")),
        legend: legendText(measure(), squareRoot),
        scale: weightScale(squareRoot, panel.overview.thumbnails.peek().value?.largest),
        ramp,
        palette,
        encodeImage: pixelsToDataUrl,
      });
    },
    async csv() {
      const { heads } = shown();
      const columns = ["block", "layer", "head", "of", "divergence", "does", "figure"];
      const lines = [csvLine([...columns, ...names()])];
      for (const { choice, divergence, description, figure, values } of heads) {
        const place = [choice.block, choice.layer, choice.head];
        const said = [of(), divergence ?? "", description, figure];
        lines.push(csvLine([...place, ...said, ...names().map((name) => values[name] ?? "")]));
      }
      return lines.join("");
    },
    async json() {
      const { run, heads } = shown();
      return {
        model: run.model.id,
        text: run.text,
        of: of(),
        sortedBy: likeWhom() ? "divergence" : (sorted() ?? "place"),
        ...(likeWhom() && { like: likeWhom() }),
        heads: heads.map(({ choice, divergence, description, figure, values }) => ({
          ...choice,
          ...(divergence !== undefined && { divergence }),
          does: description,
          figure,
          ...values,
        })),
      };
    },
    async arrays() {
      const { heads } = shown();
      // Means of layers have no statistics.
      const own = heads.flatMap(({ choice, values, divergence }) =>
        choice.head === "mean"
          ? []
          : [
              {
                address: { ...choice, head: choice.head },
                values,
                ...(divergence !== undefined && { divergence }),
              },
            ],
      );
      return [
        ...statisticArrays(own),
        ...(likeWhom()
          ? [
              {
                name: "divergence",
                dims: [own.length],
                data: Float32Array.from(own, ({ divergence = NaN }) => divergence),
              },
            ]
          : []),
      ];
    },
  };
}
