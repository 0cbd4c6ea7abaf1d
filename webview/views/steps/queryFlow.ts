import { html, type TemplateResult } from "lit-html";
import { additiveTerms } from "../../../src/core/scoring/functions";
import { productTerms, valueTerms, type Bias, type HeadTensors, type Steps } from "../../../src/core/steps";
import type { Tensor } from "../../../src/core/tensor";
import { quantise, type Cells } from "../../../src/paint/heatmap";
import { readoutWeight, signedText } from "../../../src/paint/numberText";
import { scoreScale, type Scale } from "../../../src/paint/scale";
import { shareBar, signedBar } from "../../parts/bar";
import type { Stage } from "./stage";

/** Everything that the table of one query shows, made when the query or the head changes. */
export interface Flow {
  readonly query: number;
  /** Scores are vᵀ tanh(q + k); `q` and `terms` are of these then. */
  readonly isAdditive: boolean;
  /** What the whole head's bias is: one query alone cannot tell. */
  readonly biasKind?: Bias["kind"];
  /** Which rule hides a key, in a word. */
  readonly maskReason?: (key: number) => string;
  /** Keys in the order of the rows. */
  readonly keys: readonly number[];
  readonly visible: (key: number) => boolean;
  /** One entry for each key of the head, by key index; absent where tensors are. */
  readonly product?: Float32Array;
  readonly scaled?: Float32Array;
  readonly bias?: Float32Array;
  readonly scores?: Float32Array;
  readonly weights?: Float32Array;
  /** q_i k_i of each key, [nKeys, dKey], and what to paint of it. */
  readonly terms?: Strips;
  /** weight x v of each key, [nKeys, dValue]. */
  readonly values?: Strips;
  /** The query's vector and the head's output, one row each. */
  readonly q?: Strips;
  readonly output?: Strips;
}

/** Rows of numbers to be painted as strips of cells on one scale. */
export interface Strips {
  readonly tensor: Tensor;
  readonly scale: Scale;
  readonly rows: readonly Cells[];
}

/** Arranges one query's stages for the table; `visible` is the mask's word on each key. */
export function makeFlow(
  head: HeadTensors,
  steps: Steps,
  query: number,
  order: "position" | "weight",
  visible: (key: number) => boolean,
  more: Pick<Flow, "biasKind" | "maskReason"> = {},
): Flow {
  const weights = (head.weights ?? steps.weights)?.data;
  const scores = head.scores?.data ?? steps.scaled?.data;
  const nKeys =
    weights?.length ?? scores?.length ?? head.k?.dims[0] ?? head.additive?.k.dims[0] ?? head.v?.dims[0] ?? 0;
  const keys = Array.from({ length: nKeys }, (_, key) => key);
  if (order === "weight" && weights) keys.sort((a, b) => (weights[b]! || 0) - (weights[a]! || 0) || a - b);
  const mixing = head.weights ?? steps.weights;
  const output = head.output ?? steps.output;
  const { additive } = head;
  const q = additive?.q ?? head.q;
  const terms = additive
    ? additiveTerms(additive.q, additive.k, additive.v, 0)
    : head.q && head.k && productTerms(head.q, head.k, 0);
  return {
    query,
    isAdditive: additive !== undefined,
    biasKind: steps.bias?.kind,
    ...more,
    keys,
    visible,
    product: steps.product?.data,
    ...(steps.scaled !== steps.product && { scaled: steps.scaled?.data }),
    bias: steps.bias?.tensor.data,
    scores,
    weights,
    terms: terms && strips(terms, visible),
    values: mixing && head.v && strips(valueTerms(mixing, head.v, 0), () => true),
    q: q && strips(q, () => true),
    output: output && strips(output, () => true),
  };
}

/** Each row of `tensor` as cells; the scale covers the rows that count. */
export function strips(tensor: Tensor, counts: (row: number) => boolean): Strips {
  const [rows = 0, columns = 0] = tensor.dims;
  const scale = scoreScale(tensor.data, (index) => counts(Math.floor(index / columns)));
  const isVisible = () => true;
  return {
    tensor,
    scale,
    rows: Array.from({ length: rows }, (_, row) =>
      quantise(tensor.data.subarray(row * columns, (row + 1) * columns), 1, columns, scale, isVisible),
    ),
  };
}

/** One column of the table. */
export interface FlowColumn {
  readonly stage: Stage;
  readonly name: string;
  /** "number": with a bar; "plain": without. */
  readonly kind: "strip" | "number" | "plain" | "weight";
  cell(key: number): TemplateResult;
}

/** The columns that the flow has numbers for, in the order of the formula. */
export function flowColumns(
  flow: Flow,
  strip: (strips: Strips, row: number, label: string) => TemplateResult,
): FlowColumn[] {
  const { product, scaled, bias, scores, weights, terms, values } = flow;
  const extent = { product: extentOf(product, flow.visible), scores: extentOf(scores, flow.visible) };
  const hasBias = flow.biasKind === "relative" || flow.biasKind === "other";
  const isHidden = (key: number) => !flow.visible(key) || bias?.[key] === -Infinity;
  const hasMask = bias !== undefined && flow.keys.some(isHidden);
  const columns: (FlowColumn | false | undefined)[] = [
    terms && {
      stage: "product",
      name: flow.isAdditive ? "v ∘ tanh" : "q ∘ k",
      kind: "strip",
      cell: (key) => strip(terms, key, "products"),
    },
    product && {
      stage: "product",
      name: flow.isAdditive ? "vᵀ tanh" : "q · k",
      kind: "number",
      cell: (key) => barAndNumber(product[key]!, extent.product),
    },
    scaled && {
      stage: "scale",
      name: "scaled",
      kind: "plain",
      cell: (key) => html`${signedText(scaled[key]!)}`,
    },
    bias &&
      hasBias && {
        stage: "bias",
        name: flow.biasKind === "relative" ? "bias" : "rest",
        kind: "plain",
        cell: (key) => html`${bias[key] === -Infinity ? "" : roundedBias(bias[key]!)}`,
      },
    bias &&
      (hasMask || !hasBias) && {
        stage: "bias",
        name: "mask",
        kind: "plain",
        cell: (key) =>
          isHidden(key)
            ? html`−∞ <small class="unit">${flow.maskReason?.(key) ?? "masked"}</small>`
            : html`0`,
      },
    scores && {
      stage: "softmax",
      name: "score",
      kind: "number",
      cell: (key) => (flow.visible(key) ? barAndNumber(scores[key]!, extent.scores) : html`masked`),
    },
    weights && {
      stage: "softmax",
      name: "weight",
      kind: "weight",
      cell: (key) => html`${shareBar(weights[key]!)}<span>${readoutWeight(weights[key]!)}</span>`,
    },
    values && {
      stage: "values",
      name: "weight × v",
      kind: "strip",
      cell: (key) => strip(values, key, "values"),
    },
  ];
  return columns.filter((column) => typeof column === "object");
}

/** What float32 leaves of score - scaled product is rounding, not a bias. */
function roundedBias(value: number): string {
  return Math.abs(value) < 1e-4 ? "0" : signedText(value);
}

function barAndNumber(value: number, { largest, hasNegative }: Extent) {
  const share = Number.isFinite(value) && largest > 0 ? value / largest : 0;
  return html`${signedBar(share, hasNegative)}<span>${signedText(value)}</span>`;
}

interface Extent {
  readonly largest: number;
  readonly hasNegative: boolean;
}

function extentOf(values: Float32Array | undefined, visible: (key: number) => boolean): Extent {
  let largest = 0;
  let hasNegative = false;
  values?.forEach((value, key) => {
    if (!visible(key) || !Number.isFinite(value)) return;
    largest = Math.max(largest, Math.abs(value));
    hasNegative ||= value < 0;
  });
  return { largest, hasNegative };
}
