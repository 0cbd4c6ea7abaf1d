import { computed, effect, signal } from "@preact/signals-core";
import { html, nothing, render } from "lit-html";
import { productOverDistance, rotate } from "../../../src/core/positions/rope";
import type { Tensor } from "../../../src/core/tensor";
import type { DistanceSlice, ModelPositions } from "../../../src/protocol/positions";
import { onFrame } from "../../frame";
import { watchColours } from "../../parts/colours";
import { explanation } from "../../parts/explanation";
import { panelExports, type Exported } from "../../parts/panelExports";
import { chosenHead } from "../../state/chosenHead";
import { load } from "../../state/load";
import type { MountedView, ViewContext } from "../view";
import { distanceChart, distancePanel, headCurves } from "./distancePanel";
import { formulaPanel, formulaPanels, formulaText, showScheme } from "./formulaPanel";
import { ASSUMED_PAIRS, LEAST_POSITIONS, modelPanel, modelPanels } from "./modelPanel";
import { positionsExplanation } from "./positionsExplanation";
import { paintedOf, type SchemeMarks } from "./schemePanels";
import type { Rotation } from "./rotationDials";
import { firstCurves, toggledCurve, type SchemeChart, type SchemePanels } from "./schemes";

/** How the model marks positions, the known schemes by formula beside it, and what each head makes of distance. */
export function mountPositions(root: HTMLElement, { inspector }: ViewContext): MountedView {
  const { run, block, layer, selection, host } = inspector;
  const remote = host.remote;
  const colours = watchColours(inspector);
  const stops: (() => void)[] = [];

  const { state: model, stop: stopModel } = load<ModelPositions>(() => {
    const runId = run.value?.runId;
    return runId ? { key: runId, ask: (signal) => remote.positions({ runId }, { signal }) } : undefined;
  });
  const { state: distances, stop: stopDistances } = load<DistanceSlice>(() => {
    const runId = run.value?.runId;
    const kind = block.value?.kind;
    // Cross-attention has no distance: its two sides are different texts.
    if (!runId || !kind || kind === "cross") return undefined;
    const query = { runId, block: kind };
    return { key: JSON.stringify(query), ask: (signal) => remote.distances(query, { signal }) };
  });
  const address = chosenHead(inspector);
  const vectors = (which: "q" | "k") => {
    const { state, stop } = load<Tensor>(() => {
      const runId = run.value?.runId;
      if (!runId || !address.value || model.value.value?.scheme !== "rope") return undefined;
      if (!layer.value?.has.includes(which)) return undefined;
      const query = { runId, address: address.value, which };
      return { key: JSON.stringify(query), ask: (signal) => remote.headVectors(query, { signal }) };
    }, 16);
    stops.push(stop);
    return state;
  };
  const [q, k] = [vectors("q"), vectors("k")];
  stops.push(stopModel, stopDistances);

  const nTokens = computed(() => layer.value?.nKeys ?? 0);
  /** Dimensions of the model's table that were chosen. */
  const tableCurves = signal<readonly number[] | undefined>(undefined);
  const toggleCurve = (dimension: number) => {
    const d = model.peek().value?.table?.dims[1] ?? 0;
    tableCurves.value = toggledCurve(tableCurves.peek() ?? firstCurves(d), dimension);
  };
  const panels = computed(() => {
    const { value } = model.value;
    const at = address.value;
    return (
      value && modelPanels(value, nTokens.value, at?.head ?? 0, at?.block ?? "decoder", tableCurves.value)
    );
  });
  const curves = computed(() => distances.value.value && headCurves(distances.value.value));
  const modelPoint = signal<Pick<SchemeMarks, "picture" | "chart">>({});
  const formulaPoint = signal<Pick<SchemeMarks, "picture" | "chart">>({});
  const distance = signal<number | undefined>(undefined);
  const point = (to: typeof modelPoint): SchemeMarks["point"] => {
    return (picture, chart) => (to.value = { picture, chart });
  };
  stops.push(effect(() => showScheme(model.value.value?.scheme ?? "")));

  /** The chosen query and the key under the pointer, else the one before: their vectors as projected and as rotated. */
  const rotations = computed((): readonly [Rotation, Rotation] | undefined => {
    const { frequencies, pairs = ASSUMED_PAIRS } = model.value.value ?? {};
    if (!frequencies || !q.value.value || !k.value.value || q.value.pending || k.value.pending)
      return undefined;
    const query = Math.min(inspector.activeQuery.value ?? Infinity, (q.value.value.dims[0] ?? 1) - 1);
    const at = inspector.pointed.value;
    const key = Math.min(
      at?.kind === "cell" ? at.key : Math.max(0, query - 1),
      (k.value.value.dims[0] ?? 1) - 1,
    );
    const rotation = (which: "q" | "k", vectors: Tensor, row: number): Rotation => {
      const d = vectors.dims[1] ?? 0;
      const after = vectors.data.slice(row * d, (row + 1) * d);
      const before = rotate({ dims: [1, d], data: after }, frequencies, { pairs, start: row, turn: -1 }).data;
      const labels = (which === "q" ? inspector.queries : inspector.keys).value.labels;
      const name = `${which} of ${labels[row] ?? ""} (${row})`;
      return { name, position: row, before, after, frequencies, pairs };
    };
    return [rotation("q", q.value.value, query), rotation("k", k.value.value, key)];
  });
  const moved = computed((): SchemeChart | undefined => {
    if (!rotations.value) return undefined;
    const [ofQuery, ofKey] = rotations.value;
    const n = Math.max(LEAST_POSITIONS, Math.min(512, nTokens.value));
    const { frequencies, pairs } = ofQuery;
    const products = productOverDistance(ofQuery.before, ofKey.before, n, frequencies, pairs);
    const apart = ofQuery.position - ofKey.position;
    return {
      title: `q·k of ${ofQuery.name.slice(5)} and ${ofKey.name.slice(5)}, were they moved apart`,
      x: { label: "distance", scale: "linear", isWhole: true },
      y: { label: "q·k", scale: "linear" },
      series: [
        { name: `q·k; now ${Math.abs(apart)} apart`, x: [...products.keys()], y: products, colour: 1 },
      ],
    };
  });

  const stop = onFrame(() => {
    const { choice } = selection.value;
    render(
      html`<div class="positions">
        <div class="schemes">
          ${modelPanel({
            model: model.value.value,
            block: address.value?.block ?? "decoder",
            failed: model.value.error?.message,
            panels: panels.value,
            moved: moved.value,
            rotations: rotations.value,
            colours: colours.value,
            marks: { ...modelPoint.value, point: point(modelPoint), toggleCurve },
          })}
          ${formulaPanel(colours.value, { ...formulaPoint.value, point: point(formulaPoint) })}
        </div>
        ${
          distances.value.value && curves.value
            ? distancePanel({
                slice: distances.value.value,
                curves: curves.value,
                layer: choice.layer,
                head: choice.head,
                measure: selection.value.measure,
                marked: distance.value,
                onMark: (next) => (distance.value = next),
                onChoose: (nextLayer, head) => inspector.choose({ layer: nextLayer, head }),
              })
            : nothing
        }
        ${explanation(inspector, positionsExplanation)}
      </div>`,
      root,
    );
  });

  function exported(): Exported | undefined {
    const { signed, weights } = colours.peek();
    const parts = (from: string, shown: SchemePanels | undefined): Exported["panels"] => [
      ...(shown?.pictures ?? []).map((picture) => ({
        ...paintedOf(picture),
        title: `${from}: ${picture.title}`,
        rows: {
          name: picture.rows,
          ...(picture.positions && { index: (i: number) => picture.positions![i]! }),
        },
        columns: {
          name: picture.columns,
          ...(picture.positions && { index: (i: number) => picture.positions![i]! }),
        },
        values: picture.tensor.data,
        ramp: picture.kind === "count" ? weights : signed,
      })),
      ...(shown?.charts ?? []).map((chart) => ({ title: `${from}: ${chart.title}`, chart })),
    ];
    const own = moved.peek();
    const slice = distances.peek().value;
    const { layer: chosenLayer, head } = selection.peek().choice;
    const found = model.peek().value;
    return {
      what: "Positions",
      formula: formulaText(),
      facts: { scheme: found?.scheme, parameters: found?.parameters, source: found?.source },
      panels: [
        ...parts("this model", panels.peek()),
        ...(own ? [{ title: own.title, chart: own }] : []),
        ...parts("by formula", formulaPanels()),
        ...(slice
          ? [{ title: "Mean weight over distance", chart: distanceChart(slice, chosenLayer, head) }]
          : []),
      ],
    };
  }

  return {
    exports: panelExports(inspector, "positions", exported),
    unmount() {
      stop();
      stops.forEach((each) => each());
      render(nothing, root);
    },
  };
}
