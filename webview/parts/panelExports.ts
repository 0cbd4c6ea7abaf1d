import { nothingToExport } from "../../src/core/errors";
import type { Chart } from "../../src/paint/chart";
import type { Cells } from "../../src/paint/heatmap";
import { panelsFigure } from "../../src/paint/panelsFigure";
import { tickText } from "../../src/paint/numberText";
import type { Ramp } from "../../src/paint/ramp";
import type { Scale } from "../../src/paint/scale";
import type { Inspector } from "../state/inspector";
import type { ViewExports } from "../views/view";
import { pixelsToDataUrl } from "./canvas";
import { csvLine } from "./csv";
import { choiceTitle, figureSubtitle } from "./figureText";
import { panelArrays } from "./panelArrays";
import { runArrays } from "./runArrays";

/** What rows or columns of a matrix are: a name, and for each the token or position that it stands for. */
export interface ExportedAxis {
  readonly name: string;
  /** Index in the run of row or column `i`; `i` itself when absent. */
  readonly index?: (i: number) => number;
  readonly label?: (i: number) => string;
}

/** A matrix with its numbers, as it is painted. */
export interface ExportedMatrix {
  readonly title: string;
  readonly rows: ExportedAxis;
  readonly columns: ExportedAxis;
  /** [rows, columns] */
  readonly values: ArrayLike<number>;
  readonly cells: Cells;
  readonly scale: Scale;
  readonly ramp: Ramp;
  readonly isMask?: boolean;
  /** Row names are drawn beside it. */
  readonly showsRows?: boolean;
}

export interface ExportedChart {
  readonly title: string;
  readonly chart: Chart;
}

export interface Exported {
  /** "Steps", and what of it. */
  readonly what: string;
  readonly formula?: string;
  readonly panels: readonly (ExportedMatrix | ExportedChart)[];
  /** Further facts for the JSON: checks, classes, parameters. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** The pictures and charts that a view shows, as files; throws a sentence while there is nothing to save. */
export function panelExports(
  inspector: Inspector,
  view: string,
  exported: () => Exported | undefined,
): ViewExports {
  const shown = (): Exported => {
    const found = exported();
    if (!found || found.panels.length === 0) throw nothingToExport();
    return found;
  };
  const choice = () => inspector.selection.peek().choice;
  return {
    fileName() {
      const { block, layer, head } = choice();
      return `headlight-${view}-${block}-L${layer}-H${head}`;
    },
    async svg() {
      const { what, formula, panels } = shown();
      const run = inspector.run.peek()!;
      return panelsFigure({
        title: `${what}: ${choiceTitle(choice(), run.blocks.length)}`,
        subtitle: figureSubtitle(run),
        ...(formula && { formula }),
        palette: inspector.theme.peek().palette,
        encodeImage: pixelsToDataUrl,
        panels: panels.map((panel) =>
          "chart" in panel
            ? panel
            : {
                ...panel,
                axes:
                  panel.cells.columns === 1
                    ? `${panel.rows.name} ↓`
                    : `${panel.rows.name} ↓, ${panel.columns.name} →`,
                ...(panel.cells.columns === 1 && { rowTexts: Array.from(panel.values, tickText) }),
                ...(panel.showsRows && {
                  rowLabels: Array.from({ length: panel.cells.rows }, (_, i) => labelOf(panel.rows, i)),
                }),
              },
        ),
      });
    },
    async csv() {
      const lines = [csvLine(["panel", "row", "rowLabel", "column", "columnLabel", "value"])];
      for (const panel of shown().panels) {
        if ("chart" in panel) {
          for (const { name, x, y } of panel.chart.series) {
            for (let i = 0; i < x.length; i++)
              lines.push(csvLine([panel.title, name, "", x[i]!, panel.chart.x.label, y[i]!]));
          }
          continue;
        }
        const { rows, columns } = panel.cells;
        for (let row = 0; row < rows; row++) {
          for (let column = 0; column < columns; column++) {
            lines.push(
              csvLine([
                panel.title,
                indexOf(panel.rows, row),
                panel.rows.label?.(row) ?? "",
                indexOf(panel.columns, column),
                panel.columns.label?.(column) ?? "",
                panel.values[row * columns + column]!,
              ]),
            );
          }
        }
      }
      return lines.join("");
    },
    arrays: async () => [...panelArrays(shown().panels), ...runArrays(inspector.run.peek())],
    async json() {
      const { what, formula, panels, facts } = shown();
      const run = inspector.run.peek();
      return {
        model: run?.model.id,
        text: run?.text,
        ...choice(),
        what,
        ...(formula && { formula }),
        ...facts,
        panels: panels.map((panel) =>
          "chart" in panel
            ? {
                title: panel.title,
                x: panel.chart.x.label,
                y: panel.chart.y.label,
                series: panel.chart.series.map(({ name, x, y }) => ({ name, x: plain(x), y: plain(y) })),
              }
            : {
                title: panel.title,
                dims: [panel.cells.rows, panel.cells.columns],
                rows: axisOf(panel.rows, panel.cells.rows),
                columns: axisOf(panel.columns, panel.cells.columns),
                values: plain(panel.values),
              },
        ),
      };
    },
  };
}

function labelOf({ label, index }: ExportedAxis, i: number): string {
  return label?.(i) ?? String(index?.(i) ?? i);
}

function indexOf({ index }: ExportedAxis, i: number): number {
  return index?.(i) ?? i;
}

function axisOf(axis: ExportedAxis, count: number) {
  const indices = Array.from({ length: count }, (_, i) => indexOf(axis, i));
  const { label } = axis;
  return { name: axis.name, indices, ...(label && { labels: indices.map((_, i) => label(i)) }) };
}

/** JSON has no infinities and no NaN. */
function plain(values: ArrayLike<number>): (number | string)[] {
  return Array.from(values, (value) => (Number.isFinite(value) ? value : String(value)));
}
