import { legendText } from "../../src/core/measures/measure";
import { nothingToExport } from "../../src/core/errors";
import { comparisonFigure } from "../../src/paint/comparisonFigure";
import { tableWeight } from "../../src/paint/numberText";
import { shorten, showWhiteSpace } from "../../src/paint/tokenText";
import type { ComparedTokens, Comparison } from "../../src/protocol/comparison";
import { cellRange } from "../../src/core/pooling";
import type { Pin } from "../../src/protocol/panelContract";
import { pixelsToDataUrl } from "../parts/canvas";
import { csvLine } from "../parts/csv";
import { choiceTitle } from "../parts/figureText";
import { statisticText } from "../state/readout";
import type { ViewExports } from "../views/view";
import { comparisonArrays } from "./comparisonArrays";
import { cellLabel, labelOf } from "./comparedText";
import { paintComparison } from "./comparisonPictures";
import type { Panel } from "./panelState";

/** The comparison as a figure, and its numbers as they are seen: where tokens were pooled, each row says which. */
export function comparisonExports(panel: Panel): ViewExports {
  const now = (): { shown: Comparison; a: Pin; b: Pin } => {
    const { value: shown } = panel.comparison.peek();
    const { a, b } = panel.pins.peek();
    if (!shown || !a || !b) throw nothingToExport();
    return { shown, a, b };
  };
  return {
    fileName() {
      const { shown, a, b } = now();
      const measure = shown.measure === "weights" ? "" : `-${shown.measure}`;
      return `headlight-compare-${fileWord(a)}-${fileWord(b)}${measure}`;
    },
    async svg() {
      const { shown, a, b } = now();
      const { weights, signed, palette } = panel.colours.peek();
      const painted = paintComparison(shown);
      return comparisonFigure({
        ...painted,
        titleA: titleOf(a),
        titleB: titleOf(b),
        summary: summaryOf(shown),
        divergence: largestOfRows(shown),
        queryLabels: labels(shown.queries, shown.rows),
        keyLabels: labels(shown.keys, shown.columns),
        legend: legendText(shown.measure, true),
        weightRamp: weights,
        signedRamp: signed,
        palette,
        encodeImage: pixelsToDataUrl,
      });
    },
    async csv() {
      const { shown } = now();
      const { rows, columns } = shown;
      const head = ["query", "queryTokensA", "queryTokensB", "key", "keyTokensA", "keyTokensB"];
      const lines = [csvLine([...head, "measure", "a", "b", "difference"])];
      const [queries, keys] = [labels(shown.queries, rows), labels(shown.keys, columns)];
      for (let row = 0; row < rows; row++) {
        const query = [queries[row]!, ...indices(shown.queries, row, rows)];
        for (let column = 0; column < columns; column++) {
          const at = row * columns + column;
          const key = [keys[column]!, ...indices(shown.keys, column, columns)];
          const values = [shown.a[at]!, shown.b[at]!, shown.difference[at]!];
          lines.push(csvLine([...query, ...key, shown.measure, ...values]));
        }
      }
      return lines.join("");
    },
    arrays: async () => comparisonArrays(now().shown),
    async json() {
      const { shown, a, b } = now();
      const { rows, columns } = shown;
      return {
        a: sideOf(a),
        b: sideOf(b),
        measure: shown.measure,
        alignment: shown.alignment,
        divergence: {
          unit: "bit",
          mean: shown.meanDivergence,
          largest: shown.largestDivergence,
          perQuery: Array.from(shown.divergence, orNull),
        },
        correlation: orNull(shown.correlation),
        queries: shown.queries,
        keys: shown.keys,
        largest: shown.largest,
        dims: [rows, columns],
        pooled: rows < shown.queries.length || columns < shown.keys.length,
        valuesA: Array.from(shown.a),
        valuesB: Array.from(shown.b),
        difference: Array.from(shown.difference),
      };
    },
  };
}

function fileWord({ choice }: Pin): string {
  return choice ? `L${choice.layer}-H${choice.head}` : "none";
}

function titleOf({ choice, model, text }: Pin): string {
  const excerpt = shorten(showWhiteSpace(text.trim()).replaceAll("·", " "), 64);
  return [choice ? choiceTitle(choice, 1) : "", model, excerpt].filter(Boolean).join("  ·  ");
}

function summaryOf({ meanDivergence, largestDivergence, mostDivergent, queries, correlation }: Comparison) {
  const place = labelOf(queries[mostDivergent]);
  const parts = [
    `JS divergence per query: mean ${statisticText(meanDivergence)} bit, largest ${statisticText(largestDivergence)} at ${place}`,
    ...(Number.isNaN(correlation) ? [] : [`correlation ${tableWeight(correlation)}`]),
  ];
  return parts.join("; ");
}

/** Of a row that pools several queries, the largest divergence. */
function largestOfRows({ divergence, rows }: Comparison): number[] {
  return Array.from({ length: rows }, (_, row) => {
    const values = divergence.subarray(...cellRange(row, divergence.length, rows));
    return values.reduce((most, value) => (value > most || Number.isNaN(most) ? value : most), NaN);
  });
}

function sideOf({ choice, model, text }: Pin) {
  return { model, text, ...choice };
}

function labels(groups: readonly ComparedTokens[], cells: number): string[] {
  return Array.from({ length: cells }, (_, cell) => cellLabel(groups, cell, cells));
}

/** Token indices on either side that a cell covers: "4", "4-7", or empty. */
function indices(groups: readonly ComparedTokens[], cell: number, cells: number): [a: string, b: string] {
  const [first, end] = cellRange(cell, groups.length, cells);
  const covered = groups.slice(first, end);
  const range = (side: "a" | "b") => {
    const sides = covered.flatMap((group) => group[side] ?? []);
    const [start, last] = [sides[0]?.start, (sides.at(-1)?.end ?? 0) - 1];
    return start === undefined ? "" : start === last ? String(start) : `${start}-${last}`;
  };
  return [range("a"), range("b")];
}

/** JSON has no NaN. */
function orNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
