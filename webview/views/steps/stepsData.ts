import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals-core";
import type { HeadAddress, HeadVectors, LayerOfRun, Measure } from "../../../src/core/run";
import { recompute, type HeadTensors, type Steps } from "../../../src/core/steps";
import type { StagesSlice } from "../../../src/protocol/stages";
import type { AdditiveSlice } from "../../../src/protocol/additive";
import type { Tensor } from "../../../src/core/tensor";
import { chosenHead } from "../../state/chosenHead";
import { load } from "../../state/load";
import { mostCells } from "../../state/runData";
import type { Inspector } from "../../state/inspector";
import { pooledStages, wholeStages, type ShownStages } from "./stageMatrices";
import { createProjectionData, type ProjectionData } from "./projectionData";
import { isBehindHeads, type Stage } from "./stage";
import { lastQueries, outputsOf, rowOf } from "./tensorRows";

/** What the steps are of: the tensors of one head, and the same of one query, recomputed. */
export interface StepsData {
  /** The head shown; where a mean of heads is chosen, the layer's first. */
  readonly address: ReadonlySignal<HeadAddress | undefined>;
  readonly layer: ReadonlySignal<LayerOfRun | undefined>;
  /** The whole head; without scores and weights where it has more tokens than one message carries. */
  readonly head: ReadonlySignal<HeadTensors>;
  readonly pending: ReadonlySignal<boolean>;
  /** All queries at once, as pictures: whole, or recomputed and pooled in the worker. */
  readonly stages: ReadonlySignal<ShownStages | undefined>;
  /** Why `stages` cannot be had. */
  readonly stagesFailed: ReadonlySignal<string | undefined>;
  /** Recomputed from the whole head; absent while it is on its way. */
  readonly whole: ReadonlySignal<Steps | undefined>;
  /** The query that is followed: the active one, else the last. */
  readonly query: ReadonlySignal<number>;
  /** Recomputed for that query alone: each tensor has one row. */
  readonly row: ReadonlySignal<{ readonly head: HeadTensors; readonly steps: Steps } | undefined>;
  /** The outputs of all heads of the layer for that query: [nHeads, dValue]. */
  readonly outputs: ReadonlySignal<Tensor | undefined>;
  /** The output projection and the residual stream, where one of their stages is looked at. */
  readonly projection: ProjectionData;
  /** Why there is no product q·k though the run holds both, as a sentence. */
  readonly mismatch: ReadonlySignal<string | undefined>;
  /** What the run does not hold of this layer. */
  readonly missing: ReadonlySignal<readonly (Measure | HeadVectors)[]>;
  stop(): void;
}

/** How the view is arranged; kept while the page lives. */
export interface StepsArrangement {
  readonly stage: Signal<Stage>;
  readonly mode: Signal<"one" | "all">;
  readonly keyOrder: Signal<"position" | "weight">;
  readonly dimensionOrder: Signal<"position" | "contribution">;
  /** The dimension of the head's vectors under the pointer, and of the residual stream. */
  readonly dimension: Signal<number | undefined>;
  readonly modelDimension: Signal<number | undefined>;
  /** The head under the pointer in the pictures of all heads; the chosen one where there is none. */
  readonly pointedHead: Signal<number | undefined>;
}

export function createStepsArrangement(): StepsArrangement {
  return {
    stage: signal<Stage>("product"),
    mode: signal<"one" | "all">("one"),
    keyOrder: signal<"position" | "weight">("position"),
    dimensionOrder: signal<"position" | "contribution">("position"),
    dimension: signal<number | undefined>(undefined),
    modelDimension: signal<number | undefined>(undefined),
    pointedHead: signal<number | undefined>(undefined),
  };
}

/** Three pictures of 288 x 288 cells are 1 MB, the most that a message should carry. */
export const POOLED_CELLS = 288;

/** W_q q, W_k k and v: without one of them there is nothing to add up. */
const ADDITIVE_TERMS = 3;

const wanted: readonly (Measure | HeadVectors)[] = ["q", "k", "v", "scores", "weights", "output"];

export function createStepsData(inspector: Inspector, arrangement: StepsArrangement): StepsData {
  const { run, layer, activeQuery, host } = inspector;
  const remote = host.remote;
  const address = chosenHead(inspector);
  const fits = computed(() =>
    layer.value ? Math.max(layer.value.nQueries, layer.value.nKeys) <= mostCells : false,
  );
  const stops: (() => void)[] = [];

  const vectors = (which: HeadVectors) => {
    const { state, stop } = load<Tensor>(() => {
      const runId = run.value?.runId;
      if (!runId || !address.value || !layer.value?.has.includes(which)) return undefined;
      const query = { runId, address: address.value, which };
      return { key: JSON.stringify(query), ask: (signal) => remote.headVectors(query, { signal }) };
    }, 32);
    stops.push(stop);
    return state;
  };
  /** All queries are pictures of at most so many cells: of more tokens the worker makes them, whose time it is. */
  const isPooled = computed(
    () =>
      arrangement.mode.value === "all" &&
      Math.max(layer.value?.nQueries ?? 0, layer.value?.nKeys ?? 0) > POOLED_CELLS,
  );
  const isWhole = computed(() => fits.value && !isPooled.value);
  const matrix = (measure: Measure) => {
    const { state, stop } = load<Tensor>(() => {
      const runId = run.value?.runId;
      if (!runId || !address.value || !(isWhole.value || isPooled.value)) return undefined;
      if (!layer.value?.has.includes(measure)) return undefined;
      const most = isPooled.value ? { maxRows: POOLED_CELLS, maxColumns: POOLED_CELLS } : {};
      const query = { runId, choice: address.value, measure, ...most };
      return {
        key: JSON.stringify(query),
        ask: async (signal) => {
          const slice = await remote.matrix(query, { signal });
          return { dims: [slice.rows, slice.columns], data: slice.data };
        },
      };
    });
    stops.push(stop);
    return state;
  };
  const row = (measure: Measure) => {
    const { state, stop } = load<Tensor>(() => {
      const runId = run.value?.runId;
      if (!runId || !address.value || isWhole.value || !layer.value?.has.includes(measure)) return undefined;
      const slice = { runId, choices: [address.value], measure, axis: "query" as const, index: query.value };
      return {
        key: JSON.stringify(slice),
        ask: async (signal) => {
          const [data = new Float32Array()] = await remote.vectors(slice, { signal });
          return { dims: [1, data.length], data };
        },
      };
    }, 64);
    stops.push(stop);
    return state;
  };

  const query = computed(() => {
    const last = Math.max(0, (layer.value?.nQueries ?? 1) - 1);
    return Math.min(last, activeQuery.value ?? last);
  });
  const loaded = {
    q: vectors("q"),
    k: vectors("k"),
    v: vectors("v"),
    output: vectors("output"),
    scores: matrix("scores"),
    weights: matrix("weights"),
  };
  const rows = { scores: row("scores"), weights: row("weights") };
  const isAdditive = computed(() => layer.value?.additive?.length === ADDITIVE_TERMS);
  const { state: additive, stop: stopAdditive } = load<AdditiveSlice>(() => {
    const runId = run.value?.runId;
    if (!runId || !address.value || !isAdditive.value) return undefined;
    const ask = { runId, block: address.value.block, layer: address.value.layer };
    return { key: JSON.stringify(ask), ask: (signal) => remote.additive(ask, { signal }) };
  });
  stops.push(stopAdditive);
  const pending = computed(() =>
    [...Object.values(loaded), ...Object.values(rows), additive].some(({ value }) => value.pending),
  );
  // The last complete head stays while the next one is on its way: its parts must not mix.
  let lastHead: HeadTensors = {};
  const given = computed((): HeadTensors => {
    const tensors = Object.entries(loaded).map(([name, { value }]) => [name, value.value] as const);
    const terms = additive.value.value;
    if (!pending.value) {
      lastHead = {
        ...(Object.fromEntries(tensors.filter(([, tensor]) => tensor)) as HeadTensors),
        ...(terms && { additive: terms }),
      };
    }
    return lastHead;
  });
  const sizes = computed(() => [given.value.q?.dims[1], given.value.k?.dims[1]] as const);
  const mismatch = computed(() => {
    const [ofQuery, ofKey] = sizes.value;
    return ofQuery === undefined || ofKey === undefined || ofQuery === ofKey
      ? undefined
      : `The queries of this head have ${ofQuery} dimensions and its keys ${ofKey}: there is no product q·k.`;
  });
  /** Without the keys where they do not fit the queries. */
  const head = computed((): HeadTensors => {
    if (!mismatch.value) return given.value;
    return { ...given.value, k: undefined };
  });
  const { state: pooled, stop: stopPooled } = load<StagesSlice>(() => {
    const runId = run.value?.runId;
    if (!runId || !address.value || !isPooled.value) return undefined;
    const ask = { runId, address: address.value, maxRows: POOLED_CELLS, maxColumns: POOLED_CELLS };
    return { key: JSON.stringify(ask), ask: (signal) => remote.stages(ask, { signal }) };
  });
  stops.push(stopPooled);
  const stages = computed(() => {
    if (arrangement.mode.value !== "all") return undefined;
    if (!isPooled.value) return whole.value && wholeStages(head.value, whole.value);
    const { value: slice, pending: isOnItsWay } = pooled.value;
    return slice && !isOnItsWay && !pending.value ? pooledStages(head.value, slice) : undefined;
  });
  const whole = computed(() => {
    const { q, k, scores } = head.value;
    if (isPooled.value) return undefined;
    if (arrangement.mode.value === "all") return recompute(head.value);
    // One query needs the whole head only to tell its scale: a few queries do.
    return q && k && scores ? recompute(lastQueries({ q, k, scores }, SCALE_QUERIES)) : undefined;
  });
  const rowSteps = computed(() => {
    const { q, k, v, scores, weights, output, additive } = head.value;
    const at = query.value;
    const one: HeadTensors = {
      ...(additive && { additive: { ...additive, q: rowOf(additive.q, at) } }),
      ...(q && { q: rowOf(q, at) }),
      ...(k && { k }),
      ...(v && { v }),
      ...(output && { output: rowOf(output, at) }),
      ...pick("scores", scores && isWhole.value ? rowOf(scores, at) : rows.scores.value.value),
      ...pick("weights", weights && isWhole.value ? rowOf(weights, at) : rows.weights.value.value),
    };
    if (Object.keys(one).length === 0) return undefined;
    return { head: one, steps: recompute(one, { scale: whole.value?.scale?.value }) };
  });

  const { state: outputs, stop } = load<Tensor>(() => {
    const runId = run.value?.runId;
    const at = address.value;
    const nHeads = layer.value?.nHeads ?? 0;
    if (!runId || !at || arrangement.stage.value !== "heads" || !layer.value?.has.includes("output"))
      return undefined;
    return {
      key: JSON.stringify([runId, at.block, at.layer]),
      ask: async (signal) => {
        const each = await Promise.all(
          Array.from({ length: nHeads }, (_, head) =>
            remote.headVectors({ runId, address: { ...at, head }, which: "output" }, { signal }),
          ),
        );
        const [positions = 0, dValue = 0] = each[0]?.dims ?? [];
        const data = new Float32Array(nHeads * positions * dValue);
        each.forEach((tensor, i) => data.set(tensor.data, i * positions * dValue));
        return { dims: [nHeads, positions, dValue], data };
      },
    };
  }, 2);
  stops.push(stop);

  const projection = createProjectionData(
    inspector,
    address,
    query,
    computed(() => (isBehindHeads(arrangement.stage.value) ? arrangement.mode.value : undefined)),
  );
  stops.push(() => projection.stop());

  return {
    address,
    stages,
    stagesFailed: computed(() => (isPooled.value ? pooled.value.error?.message : undefined)),
    projection,
    layer,
    head,
    pending,
    whole,
    query,
    row: rowSteps,
    mismatch,
    outputs: computed(() => outputs.value.value && outputsOf(outputs.value.value, query.value)),
    missing: computed(() =>
      wanted.filter((what) => {
        const isReplaced = isAdditive.value && (what === "q" || what === "k");
        return layer.value && !isReplaced && !layer.value.has.includes(what);
      }),
    ),
    stop: () => stops.forEach((each) => each()),
  };
}

/** Queries that are looked at to tell a head's scale; the last ones, which see the most keys under a causal mask. */
const SCALE_QUERIES = 24;

function pick(name: "scores" | "weights", tensor: Tensor | undefined): HeadTensors {
  return tensor ? { [name]: tensor } : {};
}
