import { nothingToExport } from "../../../src/core/errors";
import { isPerLayer, measureColumn, sumsToOne } from "../../../src/core/measures/measure";
import { groupCells } from "../../../src/core/groupMatrix";
import { marginalsOf } from "../../../src/core/marginals";
import type { TokenGroup } from "../../../src/core/tokenLayout";
import { headFigure } from "../../../src/paint/headFigure";
import { linesFigure } from "../../../src/paint/linesFigure";
import { choiceTitle, figureSubtitle } from "../../parts/figureText";
import { csvLine } from "../../parts/csv";
import { runArrays } from "../../parts/runArrays";
import { pixelsToDataUrl } from "../../parts/canvas";
import { mostCells } from "../../state/runData";
import type { ViewContext, ViewExports } from "../view";
import type { HeadData, WholeMatrix } from "./headData";
import { layoutText } from "./shownTokens";
import { seenCells } from "./viewport";

/** What is seen of the head: rows and columns of its layout, pooled only where there are more than a picture holds. */
interface Seen {
  /** [queries, keys], row-major. */
  readonly values: Float32Array;
  readonly queries: readonly TokenGroup[];
  readonly keys: readonly TokenGroup[];
  readonly queryLabels: readonly string[];
  readonly keyLabels: readonly string[];
  isVisible(row: number, column: number): boolean;
  isComputed?(row: number, column: number): boolean;
  /** Rows and columns of the layout that each cell covers; 1 where nothing is pooled. */
  readonly perCell: number;
}

/** The head as a figure of what is seen; its numbers with the tokens. */
export function headExports(context: ViewContext, head: HeadData): ViewExports {
  const { inspector, data } = context;
  const chosenRows = (seen: Seen) => {
    const { query, queries } = inspector.selection.peek();
    const chosen = new Set(queries ?? (query === undefined ? [] : [query]));
    return seen.queries.flatMap((group, row) => (group.some((token) => chosen.has(token)) ? [row] : []));
  };
  const note = () => {
    const { queries, keys } = inspector;
    const all = { nRows: queries.peek().tokens.length, nColumns: keys.peek().tokens.length };
    return layoutText(head.layout.peek(), head.size.peek(), all);
  };
  return {
    fileName() {
      const { choice, measure } = inspector.selection.peek();
      const { block, layer, head: which } = choice;
      return `headlight-${block}-L${layer}${isPerLayer(measure) ? "" : `-H${which}`}-${measure}`;
    },
    async svg() {
      const seen = await seenPart(context, head);
      const { choice, measure } = inspector.selection.peek();
      const { squareRoot, form, rowBars } = inspector.arrangement.peek();
      const chosen = chosenRows(seen);
      const marginals = marginalsOf(seen.values, seen.queries.length, seen.keys.length);
      const row = data.shown.peek();
      const mean = row && row.queries.length > 1 && chosen.length > 1 ? row : undefined;
      const pooled = seen.perCell > 1 ? `each cell the largest of ${seen.perCell} × ${seen.perCell}` : "";
      const isWeights = sumsToOne(measure) && seen.perCell === 1;
      const figure = {
        title: choiceTitle(choice, inspector.run.peek()!.blocks.length, measure),
        measure,
        largest: data.largest.peek(),
        subtitle: figureSubtitle(inspector.run.peek()!),
        note: [note(), pooled].filter(Boolean).join(" · "),
        queryLabels: seen.queryLabels,
        keyLabels: seen.keyLabels,
        data: seen.values,
        isVisible: seen.isVisible,
        isComputed: seen.isComputed,
        squareRoot,
        map: inspector.settings.peek().colourMap,
        palette: inspector.theme.peek().palette,
        chosen,
        ...(isWeights && {
          columnBars: mean
            ? {
                name: `mean of ${mean.queries.length} queries`,
                values: Float32Array.from(seen.keys, (keys) => groupCells(mean.values, keys, "weights")),
              }
            : { name: "column sum", values: marginals.columnSums },
          rowBars:
            rowBars === "sum"
              ? { name: "row sum", values: marginals.rowSums }
              : { name: "entropy, bit", values: marginals.rowEntropy },
        }),
      };
      return form === "lines" && measure !== "scores"
        ? linesFigure(figure)
        : headFigure({ ...figure, encodeImage: pixelsToDataUrl });
    },
    async csv() {
      const { values, queries, keys } = await seenPart(context, head);
      const textOf = textsOf(inspector.queries.peek().tokens);
      const keyText = textsOf(inspector.keys.peek().tokens);
      const measure = measureColumn(inspector.selection.peek().measure);
      const lines = [csvLine(["query", "queryToken", "key", "keyToken", measure])];
      queries.forEach((query, row) =>
        keys.forEach((key, column) =>
          lines.push(
            csvLine([
              query.join(" "),
              textOf(query),
              key.join(" "),
              keyText(key),
              values[row * keys.length + column]!,
            ]),
          ),
        ),
      );
      return lines.join("");
    },
    async arrays() {
      const { values, queries, keys } = await seenPart(context, head);
      const first = (groups: readonly (readonly number[])[]) =>
        Int32Array.from(groups, ([index]) => index ?? -1);
      return [
        {
          name: inspector.selection.peek().measure,
          dims: [queries.length, keys.length],
          data: Float32Array.from(values),
        },
        { name: "queries", dims: [queries.length], data: first(queries) },
        { name: "keys", dims: [keys.length], data: first(keys) },
        ...runArrays(inspector.run.peek()),
      ];
    },
    async json() {
      const seen = await seenPart(context, head);
      const { values, queries, keys } = seen;
      const { choice, measure } = inspector.selection.peek();
      const { rowSums, columnSums } = marginalsOf(values, queries.length, keys.length);
      const token = (texts: (group: TokenGroup) => string) => (group: TokenGroup) => ({
        index: group[0],
        ...(group.length > 1 && { indices: group }),
        text: texts(group),
      });
      return {
        model: inspector.run.peek()?.model.id,
        text: inspector.run.peek()?.text,
        ...choice,
        measure,
        ...(note() && { shown: note(), layout: head.layout.peek() }),
        ...(seen.perCell > 1 && { pooled: seen.perCell }),
        queries: queries.map(token(textsOf(inspector.queries.peek().tokens))),
        keys: keys.map(token(textsOf(inspector.keys.peek().tokens))),
        chosen: chosenRows(seen),
        dims: [queries.length, keys.length],
        // JSON has no infinities and no NaN.
        values: Array.from(values, (value) => (Number.isFinite(value) ? value : String(value))),
        ...(seen.perCell === 1 && { rowSums: Array.from(rowSums), columnSums: Array.from(columnSums) }),
      };
    },
  };
}

const textsOf =
  (tokens: readonly { readonly text: string }[]) =>
  (group: TokenGroup): string =>
    group.map((index) => tokens[index]?.text ?? "").join("");

async function seenPart({ inspector }: ViewContext, head: HeadData): Promise<Seen> {
  const size = head.size.peek();
  const viewport = head.viewport.peek();
  const { rows, columns } = seenCells(viewport, { ...size, cell: 1 });
  const window = {
    queryStart: Math.floor(viewport.row),
    queryEnd: Math.min(size.nRows, Math.ceil(viewport.row + rows - 1e-6)),
    keyStart: Math.floor(viewport.column),
    keyEnd: Math.min(size.nColumns, Math.ceil(viewport.column + columns - 1e-6)),
  };
  const height = window.queryEnd - window.queryStart;
  const width = window.keyEnd - window.keyStart;
  const whole = head.whole.peek();
  const cut = <T>(all: readonly T[], start: number, end: number, step: number) =>
    all.slice(start, end).filter((_, at) => at % step === 0);
  const part = (perCell: number) => ({
    queries: cut(head.rows.peek().groups, window.queryStart, window.queryEnd, perCell),
    keys: cut(head.columns.peek().groups, window.keyStart, window.keyEnd, perCell),
    queryLabels: cut(head.rows.peek().labels, window.queryStart, window.queryEnd, perCell),
    keyLabels: cut(head.columns.peek().labels, window.keyStart, window.keyEnd, perCell),
    perCell,
  });
  if (whole) {
    return {
      ...part(1),
      values: cutMatrix(whole, window),
      isVisible: (row, column) => whole.isVisible(row + window.queryStart, column + window.keyStart),
      isComputed: (row, column) => head.isCellComputed(row + window.queryStart, column + window.keyStart),
    };
  }
  const runId = inspector.run.peek()?.runId;
  if (!runId || !head.large.peek()) throw nothingToExport();
  const { choice, measure } = inspector.selection.peek();
  const perCell = Math.max(1, Math.ceil(Math.max(height, width) / mostCells));
  const layout = head.layout.peek();
  const query = { runId, choice, measure, window, tokensPerCell: perCell, withVisibility: true };
  const slice = await inspector.host.remote.matrix({ ...query, ...(layout && { layout }) });
  return {
    ...part(perCell),
    values: slice.data,
    isVisible: (row, column) => slice.visible?.[row * slice.columns + column] !== 0,
  };
}

function cutMatrix(
  { nColumns, data }: WholeMatrix,
  {
    queryStart,
    queryEnd,
    keyStart,
    keyEnd,
  }: { queryStart: number; queryEnd: number; keyStart: number; keyEnd: number },
): Float32Array {
  const width = keyEnd - keyStart;
  const values = new Float32Array((queryEnd - queryStart) * width);
  for (let row = queryStart; row < queryEnd; row++) {
    const from = row * nColumns;
    values.set(data.subarray(from + keyStart, from + keyEnd), (row - queryStart) * width);
  }
  return values;
}
