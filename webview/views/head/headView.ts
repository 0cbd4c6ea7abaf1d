import { computed, effect } from "@preact/signals-core";
import { html, nothing, render } from "lit-html";
import { cellColours, paintCells } from "../../../src/paint/heatmap";
import { displayColumns } from "../../../src/paint/tokenText";
import { checkbox, dropdown, iconButton, type Choice } from "../../controls";
import { onFrame } from "../../frame";
import { sizeCanvas } from "../../parts/canvas";
import { watchSize } from "../../parts/size";
import { cellReadout } from "../../state/readout";
import type { Inspector } from "../../state/inspector";
import type { Arrangement } from "../../state/persisted";
import type { MountedView, ViewContext } from "../view";
import { headGeometry, labelSize } from "./geometry";
import { loadHead, patchView, type HeadData } from "./headData";
import { headExports } from "./headExports";
import { mountLines } from "./linesPane";
import { listenToPointer } from "./pointer";
import { paintMarks } from "./paintMarks";
import { paintMinimap } from "./minimap";
import { everything, reveal, seenCells, zoomAt, type PlotSize } from "./viewport";

/** One head as a heatmap: queries down the left, keys along the top. */
export function mountHead(root: HTMLElement, context: ViewContext): MountedView {
  const { inspector, data } = context;
  const head = loadHead(context);
  render(
    html`<div class="toolbar"></div>
      <div class="head">
        <div
          class="figure"
          role="grid"
          tabindex="0"
          aria-label="Attention of one head: queries down, keys across"
        >
          <canvas class="cells" aria-hidden="true"></canvas>
          <canvas class="marks" aria-hidden="true"></canvas>
          <canvas class="minimap" aria-hidden="true" hidden></canvas>
          <div role="row" class="sr-only"><div role="gridcell" id="head-cell"></div></div>
        </div>
        <p class="view-message" hidden></p>
      </div>
      <div
        class="lines"
        role="group"
        tabindex="0"
        aria-label="Lines from queries (left) to keys (right); the arrow keys walk the queries"
        hidden
      ></div>`,
    root,
  );
  const find = <E extends HTMLElement>(selector: string) => root.querySelector<E>(selector)!;
  const figure = find(".figure");
  const { size, stop: stopSize } = watchSize(find(".head"));

  const labelWidth = (labels: readonly string[]) => commonColumns(labels) * labelSize * 0.61;
  const geometry = computed(() =>
    headGeometry({
      width: Math.max(240, size.value.width - 2),
      height: Math.max(280, size.value.height - 4),
      nRows: Math.max(1, head.size.value.nRows),
      nColumns: Math.max(1, head.size.value.nColumns),
      queryLabelWidth: labelWidth(inspector.queries.value.labels),
      keyLabelWidth: labelWidth(inspector.keys.value.labels),
      hasBars: inspector.selection.value.measure === "weights" && inspector.layer.value !== undefined,
    }),
  );
  const cell = computed(() => {
    const at = inspector.pointed.value;
    return at?.kind === "cell" ? { query: at.query, key: at.key } : undefined;
  });
  const value = computed(() => {
    const at = cell.value;
    const row = inspector.selection.value.measure === "weights" ? data.weights.value : data.scores.value;
    return at && row?.query === at.query ? row.values[at.key] : undefined;
  });

  const stops = [
    stopSize,
    head.stop,
    listenToPointer(figure, context, head.viewport, geometry),
    onFrame(() => render(toolbar(inspector, head, geometry.value), find(".toolbar"))),
    onFrame(() => {
      const { form } = inspector.arrangement.value;
      root.classList.toggle("both", form === "both");
      find(".head").hidden = form === "lines";
      find(".lines").hidden = form === "matrix";
    }),
    mountLines(find(".lines"), context, head),
    onFrame(() => showState(context, head, figure, find(".view-message"))),
    onFrame(() => paintPlot(inspector, head, geometry.value, find(".cells"))),
    onFrame(() => {
      const canvas = find<HTMLCanvasElement>(".marks");
      const shown = geometry.value;
      const ratio = sizeCanvas(canvas, shown.width, shown.height);
      figure.style.width = `${shown.width}px`;
      figure.style.height = `${shown.height}px`;
      const pen = canvas.getContext("2d")!;
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      const isWeights = inspector.selection.value.measure === "weights";
      const squareRoot = inspector.arrangement.value.squareRoot;
      paintMarks(pen, {
        geometry: shown,
        viewport: head.viewport.value,
        theme: inspector.theme.value,
        queryLabels: inspector.queries.value.labels,
        keyLabels: inspector.keys.value.labels,
        cell: cell.value,
        pinned: inspector.activeQuery.value,
        columnSums: head.columnSums.value,
        rowEntropy: head.rowEntropy.value,
        ramp: head.ramp.value,
        scale: head.scale.value,
        label: isWeights
          ? `attention weight${squareRoot ? ", square-root scale" : ""}`
          : "score before softmax",
        hasMasked: head.hasMasked.value,
        value: value.value,
      });
    }),
    onFrame(() => paintMinimap(find(".minimap"), inspector, head, geometry.value)),
    onFrame(() => {
      const at = cell.value;
      const described = find("#head-cell");
      if (!at) return figure.removeAttribute("aria-activedescendant");
      figure.setAttribute("aria-activedescendant", described.id);
      described.textContent = cellReadout(
        at,
        inspector.queries.value,
        inspector.keys.value,
        data.weights.value,
        data.scores.value,
        data.isVisible.value,
      ).spoken;
    }),
    effect(() => {
      void head.size.value;
      head.viewport.value = everything;
    }),
  ];

  const moveTo = (query: number, key: number) => {
    const { nRows, nColumns } = geometry.peek();
    const to = {
      query: Math.min(nRows - 1, Math.max(0, query)),
      key: Math.min(nColumns - 1, Math.max(0, key)),
    };
    head.viewport.value = reveal(head.viewport.peek(), geometry.peek(), to.query, to.key);
    inspector.pointed.value = { kind: "cell", ...to };
  };
  figure.addEventListener("keydown", (event) => {
    const at = cell.peek() ?? { query: inspector.selection.peek().query ?? 0, key: 0 };
    const { nRows, nColumns } = geometry.peek();
    const page = Math.max(1, Math.round(seenCells(head.viewport.peek(), geometry.peek()).rows / 4));
    const far = event.ctrlKey || event.metaKey;
    const started = cell.peek() !== undefined;
    const moves: Record<string, () => void> = {
      ArrowUp: () => moveTo(at.query - (started ? 1 : 0), at.key),
      ArrowDown: () => moveTo(at.query + (started ? 1 : 0), at.key),
      ArrowLeft: () => moveTo(at.query, at.key - (started ? 1 : 0)),
      ArrowRight: () => moveTo(at.query, at.key + (started ? 1 : 0)),
      PageUp: () => moveTo(at.query - page, at.key),
      PageDown: () => moveTo(at.query + page, at.key),
      Home: () => moveTo(far ? 0 : at.query, 0),
      End: () => moveTo(far ? nRows - 1 : at.query, nColumns - 1),
      Enter: () => inspector.pin(inspector.selection.peek().query === at.query ? undefined : at.query),
      Escape: () => {
        if (started) inspector.pointed.value = undefined;
        else inspector.pin(undefined);
      },
    };
    const move = moves[event.key];
    if (!move || event.altKey) return;
    move();
    event.preventDefault();
    event.stopPropagation();
  });
  figure.addEventListener("blur", () => (inspector.pointed.value = undefined));

  const mounted: MountedView = {
    unmount() {
      for (const stop of stops) stop();
      render(nothing, root);
    },
    command(name) {
      const shown = geometry.peek();
      const at = cell.peek();
      if (name === "zoomIn" || name === "zoomOut") zoomBy(head, shown, name === "zoomIn" ? 1.5 : 1 / 1.5, at);
      else if (name === "zoomReset") head.viewport.value = everything;
      else if (
        name === "makeKeyTheQuery" &&
        at &&
        inspector.queries.peek().side === inspector.keys.peek().side
      ) {
        inspector.pin(at.key);
        moveTo(at.key, at.key);
      } else return false;
      return true;
    },
    exports: headExports(context, head),
  };
  return mounted;
}

/** Columns that all labels fit into but the widest tenth of many: those are cut rather than the plot. */
function commonColumns(labels: readonly string[]): number {
  const columns = labels.map(displayColumns).sort((a, b) => a - b);
  const at = columns.length > 20 ? Math.floor(columns.length * 0.9) : columns.length - 1;
  return Math.max(Math.min(9, columns.at(-1) ?? 0), columns[at] ?? 0);
}

function zoomBy(head: HeadData, size: PlotSize, factor: number, at?: { query: number; key: number }): void {
  const { row, column, zoom } = head.viewport.peek();
  const cell = size.cell * zoom;
  const x = at ? (at.key + 0.5 - column) * cell : (size.cell * size.nColumns) / 2;
  const y = at ? (at.query + 0.5 - row) * cell : (size.cell * size.nRows) / 2;
  head.viewport.value = zoomAt(head.viewport.peek(), size, factor, x, y);
}

const forms: readonly Choice<Arrangement["form"]>[] = [
  { value: "matrix", label: "Matrix" },
  { value: "lines", label: "Lines" },
  { value: "both", label: "Matrix and lines" },
];

function toolbar(inspector: Inspector, head: HeadData, size: PlotSize) {
  const { squareRoot, form } = inspector.arrangement.value;
  const { zoom } = head.viewport.value;
  const pooled = head.whole.value;
  const tokensPerCell = pooled ? (pooled.slice.queryEnd - pooled.slice.queryStart) / pooled.cells.rows : 1;
  return html`${dropdown("Form", forms, form, (value) => {
    inspector.arrangement.value = { ...inspector.arrangement.peek(), form: value };
  })}
  ${
    inspector.selection.value.measure === "weights"
      ? checkbox("Square-root scale", squareRoot, (checked) => {
          inspector.arrangement.value = { ...inspector.arrangement.peek(), squareRoot: checked };
        })
      : nothing
  }
  ${
    form === "lines"
      ? nothing
      : html`<span class="pair">
          ${iconButton("zoom-in", "Zoom in (+)", () => zoomBy(head, size, 1.5))}
          ${iconButton("zoom-out", "Zoom out (-)", () => zoomBy(head, size, 1 / 1.5), zoom === 1)}
          ${iconButton("screen-full", "Show everything (0)", () => (head.viewport.value = everything), zoom === 1)}
        </span>`
  }
  ${
    tokensPerCell > 1 && !head.part.value
      ? html`<span class="hint"
          >Each cell is the largest of ${Math.round(tokensPerCell)} × ${Math.round(tokensPerCell)} tokens;
          zoom in for single ones.</span
        >`
      : nothing
  }`;
}

function paintPlot(
  inspector: Inspector,
  head: HeadData,
  geometry: ReturnType<typeof headGeometry>,
  canvas: HTMLCanvasElement,
): void {
  canvas.style.left = `${geometry.left}px`;
  canvas.style.top = `${geometry.top}px`;
  const ratio = sizeCanvas(canvas, geometry.plotWidth, geometry.plotHeight);
  const viewport = head.viewport.value;
  const { whole, part } = head;
  const seen = seenCells(viewport, geometry);
  const slice = part.value?.slice;
  const covers =
    slice &&
    slice.queryStart <= viewport.row &&
    slice.keyStart <= viewport.column &&
    slice.queryEnd >= Math.min(geometry.nRows, viewport.row + seen.rows) &&
    slice.keyEnd >= Math.min(geometry.nColumns, viewport.column + seen.columns);
  const patch = covers ? part.value : whole.value;
  const pen = canvas.getContext("2d")!;
  if (!patch) return pen.clearRect(0, 0, canvas.width, canvas.height);
  const colours = cellColours(head.ramp.value, inspector.theme.value.palette, ratio);
  const picture = pen.createImageData(canvas.width, canvas.height);
  const at = { x: 0, y: 0, width: canvas.width, height: canvas.height };
  const cell = (canvas.width / geometry.nColumns) * viewport.zoom;
  paintCells({ ...at, data: picture.data }, at, patch.cells, patchView(patch, viewport, cell), colours);
  pen.putImageData(picture, 0, 0);
}

/** In place of the figure where there is nothing to draw, and why. */
function showState(context: ViewContext, head: HeadData, figure: HTMLElement, message: HTMLElement): void {
  const { inspector, data } = context;
  const layer = inspector.layer.value;
  const measure = inspector.selection.value.measure;
  const { error, pending } = data.matrix.value;
  const text = !layer
    ? "No attention was found in this model."
    : !layer.has.includes(measure)
      ? (layer.missing ?? `The ${measure} of layer ${layer.layer} were not found in this model.`)
      : error
        ? error.message
        : "";
  figure.hidden = text !== "";
  message.hidden = text === "";
  message.textContent = text;
  figure.classList.toggle("pending", pending && head.whole.value !== undefined);
}
