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

/** Which keys a query may see, as read from the run. */
export interface MaskSummary {
  readonly kind: "none" | "causal" | "sliding" | "padding" | "block" | "other" | "unknown";
  /** Of a sliding window: how many keys a query sees at most, itself included. */
  readonly window?: number;
  /** Of a sliding window: how far a query sees back and ahead, itself excluded; a causal one sees 0 ahead. */
  readonly reach?: { readonly back: number; readonly ahead: number };
}

/** What a run holds of one attention layer. Shapes are [nHeads, nQueries, nKeys]. */
export interface LayerOfRun {
  readonly layer: number;
  readonly nHeads: number;
  /** Fewer than nHeads where heads share keys (grouped-query attention). */
  readonly nKeyHeads: number;
  readonly nQueries: number;
  readonly nKeys: number;
  readonly mask: MaskSummary;
  /** What can be asked for. Empty where the attention of this layer was not found; `missing` then says why. */
  readonly has: readonly (Measure | HeadVectors)[];
  readonly missing?: string;
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
  readonly notices: readonly Notice[];
  /** Whether next-token (or fill-in) predictions can be asked for. */
  readonly hasPredictions: boolean;
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
