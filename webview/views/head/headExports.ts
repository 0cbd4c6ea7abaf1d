import { headFigure } from "../../../src/paint/headFigure";
import { linesFigure } from "../../../src/paint/linesFigure";
import { choiceTitle, figureSubtitle } from "../../parts/figureText";
import { csvLine } from "../../parts/csv";
import { pixelsToDataUrl } from "../../parts/canvas";
import type { ViewContext, ViewExports } from "../view";
import type { HeadData } from "./headData";
import { seenCells } from "./viewport";

/** The head as a figure of what is seen; its numbers with the tokens. */
export function headExports({ inspector, data }: ViewContext, head: HeadData): ViewExports {
  /** The seen tokens and their [queries, keys], unpooled. */
  const seen = () => {
    const whole = head.whole.peek();
    const patch = head.part.peek() ?? whole;
    if (!patch) throw new Error("The head is not there yet");
    const { slice } = patch;
    const viewport = head.viewport.peek();
    const size = { ...head.size.peek(), cell: 1 };
    const { rows, columns } = seenCells(viewport, size);
    const perRow = (slice.queryEnd - slice.queryStart) / slice.rows;
    const perColumn = (slice.keyEnd - slice.keyStart) / slice.columns;
    const firstRow = Math.max(0, Math.floor((viewport.row - slice.queryStart) / perRow));
    const firstColumn = Math.max(0, Math.floor((viewport.column - slice.keyStart) / perColumn));
    const endRow = Math.min(slice.rows, Math.ceil((viewport.row + rows - slice.queryStart) / perRow - 1e-6));
    const endColumn = Math.min(
      slice.columns,
      Math.ceil((viewport.column + columns - slice.keyStart) / perColumn - 1e-6),
    );
    const width = endColumn - firstColumn;
    const values = new Float32Array((endRow - firstRow) * width);
    for (let row = firstRow; row < endRow; row++) {
      const from = row * slice.columns;
      values.set(slice.data.subarray(from + firstColumn, from + endColumn), (row - firstRow) * width);
    }
    const queries = Array.from(
      { length: endRow - firstRow },
      (_, at) => slice.queryStart + Math.floor((firstRow + at) * perRow),
    );
    const keys = Array.from(
      { length: width },
      (_, at) => slice.keyStart + Math.floor((firstColumn + at) * perColumn),
    );
    return { values, queries, keys };
  };
  return {
    fileName() {
      const { block, layer, head: which } = inspector.selection.peek().choice;
      return `headlight-${block}-L${layer}-H${which}`;
    },
    async svg() {
      const { values, queries, keys } = seen();
      const visible = data.isVisible.peek();
      const { choice, measure, query } = inspector.selection.peek();
      const pinned = query === undefined ? -1 : queries.indexOf(query);
      const figure = {
        title: choiceTitle(choice, inspector.run.peek()!.blocks.length),
        subtitle: figureSubtitle(inspector.run.peek()!),
        queryLabels: queries.map((index) => inspector.queries.peek().labels[index] ?? ""),
        keyLabels: keys.map((index) => inspector.keys.peek().labels[index] ?? ""),
        data: values,
        isVisible: visible && ((row: number, column: number) => visible(queries[row]!, keys[column]!)),
        squareRoot: inspector.arrangement.peek().squareRoot,
        map: inspector.settings.peek().colourMap,
        palette: inspector.theme.peek().palette,
        query: pinned < 0 ? undefined : pinned,
      };
      return inspector.arrangement.peek().form === "lines" && measure === "weights"
        ? linesFigure(figure)
        : headFigure({ ...figure, measure, encodeImage: pixelsToDataUrl });
    },
    async csv() {
      const { values, queries, keys } = seen();
      const queryTokens = inspector.queries.peek().tokens;
      const keyTokens = inspector.keys.peek().tokens;
      const measure = inspector.selection.peek().measure === "weights" ? "weight" : "score";
      const lines = [csvLine(["query", "queryToken", "key", "keyToken", measure])];
      queries.forEach((query, row) =>
        keys.forEach((key, column) =>
          lines.push(
            csvLine([
              query,
              queryTokens[query]?.text ?? "",
              key,
              keyTokens[key]?.text ?? "",
              values[row * keys.length + column]!,
            ]),
          ),
        ),
      );
      return lines.join("");
    },
    async json() {
      const { values, queries, keys } = seen();
      const { choice, measure } = inspector.selection.peek();
      return {
        model: inspector.run.peek()?.model.id,
        text: inspector.run.peek()?.text,
        ...choice,
        measure,
        queries: queries.map((index) => ({ index, text: inspector.queries.peek().tokens[index]?.text })),
        keys: keys.map((index) => ({ index, text: inspector.keys.peek().tokens[index]?.text })),
        dims: [queries.length, keys.length],
        // JSON has no infinities and no NaN.
        values: Array.from(values, (value) => (Number.isFinite(value) ? value : String(value))),
      };
    },
  };
}
