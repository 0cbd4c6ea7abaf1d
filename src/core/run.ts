import type { Token } from "./token";

/** Which attention of a transformer: self-attention of the encoder or decoder, or cross-attention. A causal model has "decoder" only. */
export type BlockKind = "encoder" | "decoder" | "cross";

/** Layers and heads count from 0, in the order of the graph. */
export interface HeadAddress {
  readonly block: BlockKind;
  readonly layer: number;
  readonly head: number;
}

/** One head, or the mean or maximum over the heads of one layer or of all layers of the block. */
export interface HeadChoice {
  readonly block: BlockKind;
  readonly layer: number | "all";
  readonly head: number | "mean" | "max";
}

/** Scores are before softmax (scaled, biased, masked); weights after it. */
export type Measure = "weights" | "scores";

/** Per-head vectors: q, k, v as they enter the product, and the head's output (weights x v). Axes [head, position, dHead]. */
export type HeadVectors = "q" | "k" | "v" | "output";

/**
 * What follows the heads of a layer (Vaswani et al. 2017, §3.2.2): "concat" is what enters the output projection,
 * [position, heads x dHead]; "projection" W_O, [heads x dHead, dModel]; "projectionBias" [dModel]; "projected" what comes out of it,
 * "before" and "after" the residual stream around the addition, all [position, dModel].
 */
export type ProjectionPart = "concat" | "projection" | "projectionBias" | "projected" | "before" | "after";

/**
 * The terms of additive scores vᵀ tanh(W_q q + W_k k) (Bahdanau et al. 2015, appendix A.1.2): W_q q [queries, d] (with a
 * bias, where the sum has one), W_k k [keys, d], v [1, d].
 */
export type AdditivePart = "additiveQuery" | "additiveKey" | "additiveVector";

/** Everything that a layer's graph can be made to hand over. */
export type LayerTensor = Measure | HeadVectors | ProjectionPart | AdditivePart;

/**
 * "changed-before": a norm, a gate or a scale between the heads and W_O; "changed-after": one between W_O and the residual
 * stream; "joined": the feed-forward part is added in the same step; "no-residual": nothing that the queries come from
 * is added.
 */
export type AroundProjection = "changed-before" | "changed-after" | "joined" | "no-residual";

/** What was found of the output projection of a layer and of the residual stream that it adds to. */
export interface ProjectionOfLayer {
  readonly has: readonly ProjectionPart[];
  /** Why there is no projection to show; then `has` is empty. */
  readonly missing?: string;
  /** What there is between the heads, W_O and the residual stream besides the product and the addition. */
  readonly around: readonly AroundProjection[];
}

/** Which keys a query may see, as read from the run. */
export interface MaskSummary {
  readonly kind: "none" | "causal" | "sliding" | "padding" | "block" | "other" | "unknown";
  /** Of a sliding window: how many keys a query sees at most, itself included. */
  readonly window?: number;
  /** Of a sliding window: how far a query sees back and ahead, itself excluded; a causal one sees 0 ahead. */
  readonly reach?: { readonly back: number; readonly ahead: number };
  /** Of a text run in windows: the rule holds inside the query's window, outside it nothing was computed. */
  readonly windows?: readonly RunWindow[];
}

/** What a run holds of one attention layer. Shapes are [nHeads, nQueries, nKeys]. */
export interface LayerOfRun {
  readonly layer: number;
  readonly nHeads: number;
  /** Fewer than nHeads where heads share keys (grouped-query attention). */
  readonly nKeyHeads: number;
  /** Numbers of a head's vectors, where the graph tells before they are asked for. */
  readonly dHead?: number;
  readonly nQueries: number;
  readonly nKeys: number;
  readonly mask: MaskSummary;
  /** What can be asked for. Empty where the attention of this layer was not found; `missing` then says why. */
  readonly has: readonly (Measure | HeadVectors)[];
  readonly missing?: string;
  /** Scores are not products of q and k but additive; then what there is of their terms. */
  readonly additive?: readonly AdditivePart[];
  /** Absent where nobody looked for it: a page without a host, tensors from a file. */
  readonly projection?: ProjectionOfLayer;
  /** Measures whose lengths are at hand without the vectors that they are of (a page without a model). */
  readonly lengths?: readonly string[];
}

/** All layers of one kind of attention, and which token sequence its queries and keys are. */
export interface BlockOfRun {
  readonly kind: BlockKind;
  readonly queries: "source" | "target";
  readonly keys: "source" | "target";
  readonly layers: readonly LayerOfRun[];
}

/** What computed a run. */
export interface Backend {
  readonly name: "wasm" | "webgpu" | "remote";
  readonly threads?: number;
  /** The graphics adapter, by its own name. */
  readonly adapter?: string;
  /** Why WebGPU, which was wished for, is not used. */
  readonly fallback?: BackendFallback;
}

/**
 * `detail`: the adapter's name, the largest difference, or the runtime's own words. "no-jspi": there is
 * WebGPU, but no WebAssembly that can wait for it. "no-page": WebGPU would run in the
 * inspector, and none is open or shown. "device-lost": the adapter was taken away while models ran on it.
 */
export interface BackendFallback {
  readonly code:
    | "no-webgpu"
    | "no-jspi"
    | "no-page"
    | "no-adapter"
    | "software-adapter"
    | "webgpu-refused"
    | "webgpu-disagrees"
    | "device-lost";
  readonly detail?: string;
}

/** How the model marks positions. */
export type PositionScheme =
  "learned" | "sinusoidal" | "rope" | "alibi" | "relative-bias" | "none" | "unknown";

/** A model in one line, for titles, the status bar and lists. */
export interface ModelSummary {
  readonly id: string;
  readonly name: string;
  readonly source: "embedded" | "folder" | "file" | "cache" | "hub";
  readonly kind: "causal" | "encoder" | "encoder-decoder" | "unknown";
  readonly nLayers: number;
  readonly nHeads: number;
  /** Most tokens the model reads; absent where the model does not say. */
  readonly context?: number;
  readonly vocab?: number;
  readonly hasTokenizer: boolean;
}

/** Something that the person should know about a run or a model though it did not fail. */
export interface Notice {
  /** A stable word for logs and tests ("tokenizer-not-exact"). */
  readonly code: string;
  readonly message: string;
}

/** Which tokens of a run the model wrote itself, each the most likely one after what stands before it. */
export interface Generated {
  readonly side: "source" | "target";
  /** Index of the first of them; the number of tokens where the model wrote none. */
  readonly start: number;
  readonly count: number;
  /** How many it was to write at most. */
  readonly nAsked: number;
  /** "end-token": an end token came next, which is not among the tokens. "length": as many as were asked for. */
  readonly end: "end-token" | "length";
  /** The written tokens as text; tokens that are parts of a character are one character here. */
  readonly text: string;
}

/** In what form a run keeps its weights, where they are not all there as the model computed them. */
export interface KeptWeights {
  /** "bytes": every weight as one byte. "on-demand": a head's weights are computed again, as bytes, when they are looked at. */
  readonly form: "bytes" | "on-demand";
  /** Most that a weight may be off, near 1; a weight w is off by about sqrt(w) times this. */
  readonly largestError: number;
  /** The same as measured on one head against float32. */
  readonly measuredError?: number;
}

/** One of the overlapping windows in which a text longer than the context was run; half-open ranges of tokens. */
export interface RunWindow {
  /** What the model read at once. */
  readonly start: number;
  readonly end: number;
  /** The queries that are shown as this window computed them; each query belongs to one window. */
  readonly queryStart: number;
  readonly queryEnd: number;
}

/** Everything about a run but its tensors; those stay in the worker that computed them. */
export interface RunSummary {
  readonly runId: string;
  readonly model: ModelSummary;
  /** The text that was tokenised; empty where ids or raw inputs were given. */
  readonly text: string;
  readonly tokens: readonly Token[];
  /** Decoder side of an encoder-decoder. */
  readonly targetText?: string;
  readonly targetTokens?: readonly Token[];
  readonly blocks: readonly BlockOfRun[];
  readonly backend: Backend;
  readonly durations: {
    /** Reading, instrumenting and opening the model; 0 when it was warm. */
    readonly loadMs: number;
    readonly tokenizeMs: number;
    /** The forward pass with capture. */
    readonly runMs: number;
    readonly totalMs: number;
  };
  /** Whether it is an earlier run of the same text: nothing was computed again. */
  readonly isReused?: boolean;
  readonly notices: readonly Notice[];
  /** Absent where all weights are kept as float32. */
  readonly kept?: KeptWeights;
  /** Absent where the model read the text at once; what lies outside a query's window was not computed. */
  readonly windows?: readonly RunWindow[];
  /** Whether next-token (or fill-in) predictions can be asked for. */
  readonly hasPredictions: boolean;
  readonly generated?: Generated;
}

/** The block that a view shows first: the decoder's, else the encoder's, else whatever there is. */
export function firstBlock(run: RunSummary): BlockOfRun | undefined {
  return (
    run.blocks.find((block) => block.kind === "decoder") ??
    run.blocks.find((block) => block.kind === "encoder") ??
    run.blocks[0]
  );
}

export function findBlock(run: RunSummary, kind: BlockKind): BlockOfRun | undefined {
  return run.blocks.find((block) => block.kind === kind);
}

/** The tokens along one side of a block's matrix. */
export function tokensOf(run: RunSummary, side: "source" | "target"): readonly Token[] {
  return side === "target" ? (run.targetTokens ?? []) : run.tokens;
}

/** The whole block's mean, as a first thing to compare; undefined for a run without attention. */
export function meanOfAll(run: RunSummary): HeadChoice | undefined {
  const block = firstBlock(run);
  return block && { block: block.kind, layer: "all", head: "mean" };
}
