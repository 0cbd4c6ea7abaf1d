import { legendText, measureLack, measureWords, sumsToOne } from "../../../src/core/measures/measure";
import { errorText } from "../../parts/errorText";
import { computed } from "@preact/signals-core";
import { html, nothing, render } from "lit-html";
import { displayColumns } from "../../../src/paint/tokenText";
import { onFrame } from "../../frame";
import { sizeCanvas } from "../../parts/canvas";
import { watchSize } from "../../parts/size";
import { chooseQueries } from "../../state/chooseQueries";
import type { MountedView, ViewContext } from "../view";
import { columnBars, rowBars } from "./bars";
import { describeCell } from "./describeCell";
import { headGeometry, labelSize } from "./geometry";
import { loadHead, type HeadData } from "./headData";
import { headExports } from "./headExports";
import { listenToHeadKeys } from "./headKeys";
import { mountHeadToolbar, zoomBy } from "./headToolbar";
import { mountLines } from "./linesPane";
import { createMinimap } from "./minimap";
import { paintMarks } from "./paintMarks";
import { paintPlot } from "./plotPainter";
import { createPlace } from "./place";
import { listenToPointer } from "./pointer";
import { everything } from "./viewport";

/** One head as a heatmap: queries down the left, keys along the top. */
export function mountHead(root: HTMLElement, context: ViewContext): MountedView {
  const { inspector } = context;
  const head = loadHead(context);
  render(
    html`<div class="toolbar"></div>
      <div class="token-controls" hidden></div>
      <div class="head">
        <div
          class="figure"
          role="grid"
          tabindex="0"
          aria-multiselectable="true"
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
  const place = createPlace(inspector, head);

  const labelWidth = (labels: readonly string[]) => commonColumns(labels) * labelSize * 0.61;
  const geometry = computed(() =>
    headGeometry({
      width: Math.max(240, size.value.width - 2),
      height: Math.max(280, size.value.height - 4),
      nRows: Math.max(1, head.size.value.nRows),
      nColumns: Math.max(1, head.size.value.nColumns),
      queryLabelWidth: labelWidth(head.rows.value.labels),
      keyLabelWidth: labelWidth(head.columns.value.labels),
      hasBars: sumsToOne(inspector.selection.value.measure) && inspector.layer.value !== undefined,
    }),
  );
  const said = describeCell(context);
  const paintMinimap = createMinimap(find<HTMLCanvasElement>(".minimap"), inspector, head);

  const stops = [
    stopSize,
    head.stop,
    listenToPointer(figure, place, head.viewport, geometry, (row, how) =>
      chooseQueries(inspector, head.rows.peek().groups, row, how),
    ),
    listenToHeadKeys(figure, inspector, head, place, geometry),
    mountHeadToolbar(find(".toolbar"), find(".token-controls"), inspector, head, geometry),
    onFrame(() => {
      const { form } = inspector.arrangement.value;
      root.classList.toggle("both", form === "both");
      find(".head").hidden = form === "lines";
      find(".lines").hidden = form === "matrix";
    }),
    mountLines(find(".lines"), context, head, place),
    onFrame(() => showState(context, head, figure, find(".view-message"))),
    onFrame(() => {
      if (inspector.arrangement.value.form !== "lines")
        paintPlot(inspector, head, geometry.value, find(".cells"));
    }),
    onFrame(() => {
      if (inspector.arrangement.value.form === "lines") return;
      const canvas = find<HTMLCanvasElement>(".marks");
      const shown = geometry.value;
      const ratio = sizeCanvas(canvas, shown.width, shown.height);
      figure.style.width = `${shown.width}px`;
      figure.style.height = `${shown.height}px`;
      const pen = canvas.getContext("2d")!;
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      const { measure } = inspector.selection.value;
      const squareRoot = inspector.arrangement.value.squareRoot;
      const cell = place.cell.value;
      paintMarks(pen, {
        geometry: shown,
        viewport: head.viewport.value,
        theme: inspector.theme.value,
        queryLabels: head.rows.value.labels,
        keyLabels: head.columns.value.labels,
        cell,
        pinned: place.chosenRows.value,
        columnBars: columnBars(context, head),
        rowBars: rowBars(context, head),
        ramp: head.ramp.value,
        scale: head.scale.value,
        label: `${legendText(measure, squareRoot)}${measure === "weights" ? errorText(inspector.run.value?.kept) : ""}`,
        hidden: head.hidden.value,
        value: cell && place.value.value,
      });
    }),
    onFrame(() => paintMinimap(geometry.value)),
    onFrame(() => {
      const described = find("#head-cell");
      const { value } = said;
      described.textContent = value;
      if (value) figure.setAttribute("aria-activedescendant", described.id);
      else figure.removeAttribute("aria-activedescendant");
    }),
  ];

  return {
    unmount() {
      for (const stop of stops) stop();
      render(nothing, root);
    },
    command(name) {
      const shown = geometry.peek();
      const at = place.cell.peek();
      const pointed = inspector.pointed.peek();
      if (name === "zoomIn" || name === "zoomOut") zoomBy(head, shown, name === "zoomIn" ? 1.5 : 1 / 1.5, at);
      else if (name === "zoomReset") head.viewport.value = everything;
      else if (
        name === "makeKeyTheQuery" &&
        at &&
        pointed?.kind === "cell" &&
        inspector.queries.peek().side === inspector.keys.peek().side
      ) {
        const row = head.rows.peek().placeOf(pointed.key);
        if (row < 0) return true;
        inspector.pinAll(pointed.keys ?? [pointed.key], pointed.key);
        place.moveTo(row, at.key, geometry.peek());
      } else return false;
      return true;
    },
    exports: headExports(context, head),
  };
}

const measured = new WeakMap<readonly string[], number>();

/** Columns that all labels fit into but the widest tenth of many: those are cut rather than the plot. */
function commonColumns(labels: readonly string[]): number {
  const known = measured.get(labels);
  if (known !== undefined) return known;
  const columns = labels.map(displayColumns).sort((a, b) => a - b);
  const at = columns.length > 20 ? Math.floor(columns.length * 0.9) : columns.length - 1;
  const common = Math.max(Math.min(9, columns.at(-1) ?? 0), columns[at] ?? 0);
  measured.set(labels, common);
  return common;
}

/** In place of the figure where there is nothing to draw, and why. */
function showState(context: ViewContext, head: HeadData, figure: HTMLElement, message: HTMLElement): void {
  const { inspector } = context;
  const layer = inspector.layer.value;
  const measure = inspector.selection.value.measure;
  const { nRows, nColumns } = head.size.value;
  const filter = inspector.arrangement.value.tokens.filter.trim();
  const error = head.error.value;
  const { block } = inspector;
  const lack = block.value && measureLack(block.value, inspector.selection.value.choice.layer, measure);
  const text = !layer
    ? "No attention was found in this model."
    : lack
      ? `${measureWords[measure].name} cannot be shown: ${lack}.`
      : nRows === 0 || nColumns === 0
        ? filter
          ? `No token holds “${filter}”. Clear the filter under Tokens to see all.`
          : "All tokens are special and hidden. Show them under Tokens."
        : error
          ? error.message
          : "";
  figure.hidden = text !== "";
  message.hidden = text === "";
  message.textContent = text;
  figure.classList.toggle("pending", head.pending.value && head.overall.value !== undefined);
}
