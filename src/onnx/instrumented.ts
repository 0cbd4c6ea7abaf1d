import type { ScoreStep } from "../core/recompute";
import type {
  AdditivePart,
  BlockKind,
  HeadVectors,
  LayerTensor,
  Measure,
  PositionScheme,
  ProjectionOfLayer,
  ProjectionPart,
} from "../core/run";
import type { Tensor } from "../core/tensor";
import type { BucketTable } from "./bucketTables";
import type { SelectedForm } from "./selective";

/** What can be asked of an attention. */
export type Capture = LayerTensor;

export const CAPTURES: readonly (Measure | HeadVectors)[] = ["weights", "scores", "q", "k", "v", "output"];

export const PROJECTION_PARTS: readonly ProjectionPart[] = [
  "concat",
  "projection",
  "projectionBias",
  "projected",
  "before",
  "after",
];

export const ADDITIVE_PARTS: readonly AdditivePart[] = ["additiveQuery", "additiveKey", "additiveVector"];

export function isAdditivePart(what: Capture): what is AdditivePart {
  return (ADDITIVE_PARTS as readonly Capture[]).includes(what);
}

export function isProjectionPart(what: Capture): what is ProjectionPart {
  return (PROJECTION_PARTS as readonly Capture[]).includes(what);
}

/** A graph made to hand over its attention, and what was found in it. Names of graph tensors stay in onnx and engine. */
export interface InstrumentedModel {
  /** The bytes to give to the runtime: the original with nodes and outputs appended or spliced in. */
  readonly bytes: Uint8Array;
  /** Files the runtime must be given beside the bytes. */
  readonly externalData: readonly ExternalFile[];
  readonly inputs: readonly GraphInput[];
  /** The model's own outputs, unchanged. */
  readonly outputs: readonly GraphOutput[];
  readonly captured: readonly CapturedOutput[];
  /** How each layer's weights follow from its q·k; only where asked for. */
  readonly formulas: readonly CapturedFormula[];
  /** Ranges of heads (two int64: first, end) to be fed at each run, by input name; none but for a selective graph. */
  readonly selections: readonly string[];
  readonly report: GraphReport;
  /** First rows of the table of positions, [nPositions, dModel], and T5's learned biases, [nBuckets, nHeads], where they lie in the file. */
  readonly positionTable?: Tensor;
  readonly bucketBias?: Tensor;
  /** T5's buckets of each block that has some. */
  readonly bucketTables?: readonly BucketTable[];
  /** Where the logit lens was asked for. */
  readonly lens?: LensOutputs;
}

/** Outputs of the logit lens, from the embedding to the last layer; none where `missing` says why. */
export interface LensOutputs {
  readonly rows: readonly LensOutput[];
  readonly missing?: string;
}

/** Of one state of the residual stream: the most likely tokens. */
export interface LensOutput {
  readonly layer: number | "embedding";
  /** Probabilities, float32 [batch, position, count], largest first. */
  readonly values: string;
  /** Their ids, int64 of the same shape. */
  readonly ids: string;
  /** Probability of the token that the whole model holds most likely, float32 [batch, position, 1]. */
  readonly final: string;
}

/** A file that weights lie in. */
export interface ExternalFile {
  /** As the graph names it: the name to give to the runtime. */
  readonly path: string;
  /** Where it lies, relative to the model's folder; "" is the model file itself. */
  readonly reference: string;
  /** The part that the graph refers to: from here (default: the start) … */
  readonly byteOffset?: number;
  /** … for so many bytes (default: to the end). */
  readonly byteLength?: number;
}

export interface GraphInput {
  readonly name: string;
  /** "int64", "float32", "float16", "bool", "int32", … */
  readonly type: string;
  /** A number, a symbol, or null where nothing is said. */
  readonly dims: readonly (number | string | null)[];
}

export type GraphOutput = GraphInput;

/**
 * One extra output of the instrumented graph. `axes` names the axes of the tensor as it comes ("b" batch, "h" head,
 * "q" query, "k" key, "p" position, "d" dHead, "g" query heads per key head; "bh" is batch x heads folded into one axis;
 * "w" is a further batch axis: windows of Swin, rows of axial attention). All are float32, whatever the model computes
 * in. An axis may have length 1 where others of the layer are longer (one key head for all: broadcast); "b" may be a
 * multiple of the batch that was given (windows folded into it); "q" may be missing where there is one query. Parts of the
 * projection are ["…", "m"] or ["…", "c"]: whatever comes before the last axis counts positions ("m" dModel, "c" heads x
 * dHead); W_O is ["c", "m"]. Terms of additive scores are ["…", "d"].
 */
export interface CapturedOutput {
  readonly name: string;
  readonly block: BlockKind;
  readonly layer: number;
  readonly what: Capture;
  readonly axes: readonly string[];
  readonly nHeads?: number;
  readonly nKeyHeads?: number;
  /** Of a selective output: what it holds, and the input that says of which heads (two int64: first, end). */
  readonly form?: SelectedForm;
  readonly selectedBy?: string;
}

/** A term of a formula as it comes out of a run; its axes as in CapturedOutput, leading ones of length 1 left out at will. */
export interface CapturedTerm {
  readonly name: string;
  readonly axes: readonly string[];
}

/** The steps from q·k of a layer to its weights, or why they cannot be computed again. */
export interface CapturedFormula {
  readonly block: BlockKind;
  readonly layer: number;
  readonly steps: readonly ScoreStep<CapturedTerm>[];
  /** What the products and the softmax are computed in; of products of 8-bit integers q, k and v are handed over before rounding. */
  readonly computedIn: "float32" | "float16" | "int8";
  /** Which of q and k the graph rounds to 8 bits (DynamicQuantizeLinear) before it multiplies them. */
  readonly rounds: readonly ("q" | "k")[];
  readonly missing?: string;
}

/** What `headlight graph` prints. */
export interface GraphReport {
  readonly irVersion: number;
  readonly producer: string;
  readonly opsets: Readonly<Record<string, number>>;
  readonly nNodes: number;
  readonly blocks: readonly { kind: BlockKind; layers: readonly LayerReport[] }[];
  /** Places that look like attention but could not be taken, and why. */
  readonly notFound: readonly { where: string; reason: string }[];
  readonly positions: PositionReport;
  readonly precision: string;
}

export interface LayerReport {
  readonly layer: number;
  /** How it was recognised: "matmul-softmax-matmul", "additive", "com.microsoft.MultiHeadAttention", … */
  readonly pattern: string;
  readonly nHeads?: number;
  readonly nKeyHeads?: number;
  readonly dHead?: number;
  readonly scale?: number;
  readonly mask: string;
  readonly has: readonly (Measure | HeadVectors)[];
  /** Of additive attention alone: which terms of its scores can be handed over. */
  readonly additive?: readonly AdditivePart[];
  readonly projection: ProjectionOfLayer;
  /** Name of the node that computes the weights, for finding it in Netron. */
  readonly node: string;
  readonly note?: string;
}

export interface PositionReport {
  readonly scheme: PositionScheme;
  /** "base" of RoPE, "length" of a table, "buckets" of a relative bias, "firstSlope" and "ratio" of ALiBi, as read. */
  readonly parameters: Readonly<Record<string, number | string>>;
}
