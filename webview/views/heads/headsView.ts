import { computed, signal } from "@preact/signals-core";
import { html, nothing, render } from "lit-html";
import { isPerLayer, measureWords } from "../../../src/core/measures/measure";
import { cellColours } from "../../../src/paint/heatmap";
import { overviewByOrder, overviewByPlace, type OverviewCell } from "../../../src/paint/overviewLayout";
import { sequentialRamp } from "../../../src/paint/ramp";
import { weightScale } from "../../../src/paint/scale";
import { checkbox, dropdown } from "../../controls";
import { onFrame } from "../../frame";
import { sizeCanvas } from "../../parts/canvas";
import { colourLegend } from "../../parts/colourLegend";
import { watchSize } from "../../parts/size";
import type { Inspector } from "../../state/inspector";
import { statisticLabel, statisticText } from "../../state/readout";
import type { MountedView, ViewContext } from "../view";
import { rankHeads, statisticNames, thresholdOf } from "./headsOrder";
import { headsExports } from "./headsExports";
import { Board } from "./board";
import { createLens } from "./lens";
import { loadOverview, type OverviewData } from "./overviewData";
import { moveInRows } from "./walk";

/** All heads of a block as thumbnails: rows are layers, columns are heads. */
export function mountHeads(root: HTMLElement, context: ViewContext): MountedView {
  const { inspector } = context;
  render(
    html`<div class="toolbar"></div>
      <div class="overview">
        <div class="overview-grid">
          <canvas aria-hidden="true"></canvas>
          <div
            class="overview-cells"
            role="grid"
            aria-label="Heads: rows are layers, columns are heads"
          ></div>
          <div class="overview-labels" aria-hidden="true"></div>
        </div>
      </div>
      <p class="view-message" role="status" hidden></p>`,
    root,
  );
  const find = <E extends HTMLElement>(selector: string) => root.querySelector<E>(selector)!;
  const grid = find(".overview-cells");
  const { size, stop: stopSize } = watchSize(find(".overview"));
  const focused = signal(false);

  const layers = computed(() => inspector.block.value?.layers ?? []);
  const ranked = computed(() => {
    const { order } = inspector.arrangement.value;
    const { value: statistics } = context.data.statistics;
    return isPerLayer(inspector.selection.value.measure) ||
      order === "place" ||
      !statistics ||
      !statisticNames(statistics).includes(order)
      ? undefined
      : rankHeads(statistics, order);
  });
  const layout = computed(() => {
    const first = layers.value[0];
    const space = {
      width: Math.max(200, size.value.width - 1),
      minEdge: 24,
      maxEdge: 120,
      gap: 3,
      aspect: first ? first.nQueries / first.nKeys : 1,
      labelWidth: 28,
      labelHeight: 20,
    };
    const { measure } = inspector.selection.value;
    if (isPerLayer(measure)) {
      return overviewByPlace(layers.value, { ...space, maxEdge: 240, joined: measure });
    }
    return ranked.value ? overviewByOrder(ranked.value, space, 20) : overviewByPlace(layers.value, space);
  });
  const data = loadOverview(inspector, {
    cellPixels: computed(() => Math.max(layout.value.cellWidth, layout.value.cellHeight) * devicePixelRatio),
  });
  const board = new Board(find<HTMLCanvasElement>(".overview-grid canvas"));
  const lens = createLens(find(".overview-grid"), context, data);

  const choose = (cell: OverviewCell, open: boolean) => {
    const { layer, head } = cell;
    inspector.choose(isPerLayer(data.measure.peek()) ? { layer } : { layer, head });
    if (open) inspector.showView("head");
  };
  const cellAt = (event: Event): OverviewCell | undefined => {
    const element = (event.target as Element).closest<HTMLElement>("[data-cell]");
    return element ? layout.peek().cells[Number(element.dataset.cell)] : undefined;
  };
  const point = (cell: OverviewCell | undefined) => {
    inspector.pointed.value = cell && { kind: "head", layer: cell.layer, head: cell.head };
  };
  const chosenIndex = computed(() => {
    const { layer, head } = inspector.selection.value.choice;
    return layout.value.cells.findIndex(
      (cell) => cell.layer === layer && (cell.head === head || isPerLayer(data.measure.value)),
    );
  });

  grid.addEventListener("pointerover", (event) => {
    const cell = cellAt(event);
    point(cell);
    lens.show(cell, layout.peek());
  });
  grid.addEventListener("pointerleave", () => {
    point(undefined);
    lens.show(undefined, layout.peek());
  });
  grid.addEventListener("click", (event) => {
    const cell = cellAt(event);
    if (cell) choose(cell, true);
  });
  grid.addEventListener("focusin", () => (focused.value = true));
  grid.addEventListener("focusout", () => {
    focused.value = false;
    point(undefined);
  });
  grid.addEventListener("keydown", (event) => {
    const { cells, rows } = layout.peek();
    const at = Math.max(0, chosenIndex.peek());
    const next = moveInRows(rows, at, event.key);
    if (next !== undefined) choose(cells[next]!, false);
    else if (event.key === "Enter" || event.key === " ") choose(cells[at]!, true);
    else return;
    event.preventDefault();
    event.stopPropagation();
    const after = Math.max(0, chosenIndex.peek());
    point(cells[after]);
    requestAnimationFrame(() => grid.querySelector<HTMLElement>(`[data-cell="${after}"]`)?.focus());
  });

  const stops = [
    onFrame(() => render(toolbar(context, data, ranked.value), find(".toolbar"))),
    onFrame(() => showState(data, find(".overview"), find(".view-message"))),
    onFrame(() => {
      const { cells, rows } = layout.value;
      const at = Math.max(0, chosenIndex.value);
      const threshold = ranked.value && thresholdOf(ranked.value, inspector.arrangement.value.atLeast);
      render(
        rows.map(
          (row) =>
            html`<div role="row">
              ${row.map((index) => {
                const { layer, head } = cells[index]!;
                const value = ranked.value?.[index]?.value;
                const isDim = threshold !== undefined && value !== undefined && !(value >= threshold);
                const name =
                  head !== "mean"
                    ? `layer ${layer}, head ${head}`
                    : isPerLayer(data.measure.value)
                      ? `layer ${layer}, ${data.measure.value}`
                      : `layer ${layer}, mean of heads`;
                return html`<div
                  role="gridcell"
                  class=${`head-cell${isDim ? " dim" : ""}`}
                  data-cell=${index}
                  tabindex=${index === at ? 0 : -1}
                  aria-selected=${index === chosenIndex.value}
                  aria-label=${value === undefined ? name : `${name}, ${inspector.arrangement.value.order} ${statisticText(value)}`}
                >
                  ${
                    value === undefined
                      ? nothing
                      : html`<span class="caption" aria-hidden="true"
                          >L${layer} H${head} <b>${statisticText(value)}</b></span
                        >`
                  }
                </div>`;
              })}
            </div>`,
        ),
        grid,
      );
      place(root, layout.value);
    }),
    onFrame(() => {
      const shown = layout.value;
      const canvas = find<HTMLCanvasElement>(".overview-grid canvas");
      const ratio = sizeCanvas(canvas, shown.width, shown.height);
      const { palette } = inspector.theme.value;
      const ramp = sequentialRamp(inspector.settings.value.colourMap, palette);
      const colours = cellColours(ramp, palette, ratio);
      const thumbnails = shown.cells.flatMap((cell) => {
        const cells = data.cellsOf(cell.layer, cell.head);
        if (!cells) return [];
        const at = {
          x: Math.round(cell.x * ratio),
          y: Math.round(cell.y * ratio),
          width: Math.round(shown.cellWidth * ratio),
          height: Math.round(shown.cellHeight * ratio),
        };
        return [{ cells, at }];
      });
      board.paint(thumbnails, colours);
    }),
  ];

  return {
    unmount() {
      for (const stop of stops) stop();
      stopSize();
      lens.stop();
      data.stop();
      render(nothing, root);
    },
    exports: headsExports(context, data),
  };
}

function toolbar(
  { inspector, data }: ViewContext,
  overview: OverviewData,
  ranked: ReturnType<typeof rankHeads> | undefined,
) {
  const { arrangement } = inspector;
  const { value: measure } = overview.measure;
  const names = isPerLayer(measure) ? [] : statisticNames(data.statistics.value);
  const { order, atLeast, squareRoot } = arrangement.value;
  const change = (part: Partial<typeof arrangement.value>) =>
    (arrangement.value = { ...arrangement.peek(), ...part });
  return html`${
    names.length
      ? html`<span class="field"
          ><span class="label" aria-hidden="true">Order</span> ${dropdown(
            "Order",
            [
              { value: "place", label: "layer and head" },
              ...names.map((name) => ({ value: name, label: statisticLabel(name) })),
            ],
            names.includes(order) ? order : "place",
            (value) => change({ order: value, atLeast: 0 }),
          )}</span
        >`
      : nothing
  }
  ${
    ranked
      ? html`<label class="field"
          ><span class="label">At least</span>
          <input
            type="range"
            min="0"
            max="1"
            step="0.01"
            .value=${String(atLeast)}
            @input=${(event: Event) => change({ atLeast: Number((event.target as HTMLInputElement).value) })}
          />
          <output>${atLeast > 0 ? statisticText(thresholdOf(ranked, atLeast)) : "any"}</output></label
        >`
      : nothing
  }
  ${checkbox("Square-root scale", squareRoot, (checked) => change({ squareRoot: checked }))}
  ${legend(inspector, overview)}`;
}

function legend({ arrangement, theme, settings }: Inspector, { measure, thumbnails }: OverviewData) {
  const { palette } = theme.value;
  const scale = weightScale(arrangement.value.squareRoot, thumbnails.value.value?.largest);
  const ramp = sequentialRamp(settings.value.colourMap, palette);
  return colourLegend(scale, ramp, palette, measureWords[measure.value].legend);
}

/** In place of the heads where their measure cannot be had, and why; what takes long says so. */
function showState({ thumbnails, measure }: OverviewData, overview: HTMLElement, message: HTMLElement): void {
  const { error, pending } = thumbnails.value;
  message.hidden = !error && !(pending && measure.value === "flow");
  message.textContent = error ? error.message : `Computing ${measureWords[measure.value].legend} …`;
  overview.hidden = error !== undefined;
}

/** Places cells and labels by CSSOM: the page's policy forbids style attributes. */
function place(root: HTMLElement, layout: ReturnType<typeof overviewByPlace>): void {
  const box = root.querySelector<HTMLElement>(".overview-grid")!;
  box.style.width = `${layout.width}px`;
  box.style.height = `${layout.height}px`;
  root.querySelectorAll<HTMLElement>(".head-cell").forEach((element) => {
    const { x, y } = layout.cells[Number(element.dataset.cell)]!;
    element.style.left = `${x}px`;
    element.style.top = `${y}px`;
    element.style.width = `${layout.cellWidth}px`;
    element.style.height = `${layout.cellHeight}px`;
  });
  const labels = root.querySelector<HTMLElement>(".overview-labels")!;
  const every = Math.max(1, Math.ceil(24 / layout.cellWidth));
  render(
    [
      ...layout.rowLabels.map(({ text }) => html`<span class="row-label">${text}</span>`),
      ...layout.columnLabels.map(
        ({ text }, index) =>
          html`<span class="column-label">${text === "mean" || index % every === 0 ? text : ""}</span>`,
      ),
    ],
    labels,
  );
  labels.querySelectorAll<HTMLElement>(".row-label").forEach((element, index) => {
    element.style.top = `${layout.rowLabels[index]!.y}px`;
  });
  labels.querySelectorAll<HTMLElement>(".column-label").forEach((element, index) => {
    element.style.left = `${layout.columnLabels[index]!.x}px`;
  });
}
