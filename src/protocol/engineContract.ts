import type { BackendFallback, Measure, HeadVectors, ModelSummary, Notice, RunSummary } from "../core/run";
import type { ModelSource } from "../core/modelSource";
import type { TextPair } from "../core/probe/crossing";
import type { ProbeReport } from "../core/probe/probe";
import type { Token } from "../core/token";
import type { ModelFacts } from "../core/modelFacts";
import type { Verification } from "../core/verification";
import type { AheadAnswer, AheadQuestion } from "./ahead";
import type { PageExportPart, PageExportQuery } from "./pageExport";
import type { Slices } from "./slices";

export type { ModelSource };

export interface InspectRequest {
  readonly model: ModelSource;
  readonly text?: string;
  readonly ids?: readonly number[];
  readonly targetText?: string;
  readonly targetIds?: readonly number[];
  /** Raw inputs by input name (images, audio, masks). */
  readonly inputs?: Readonly<Record<string, RawInput>>;
  /** What to keep beside the weights; more can be asked for later at the price of another pass. */
  readonly capture?: readonly (Measure | HeadVectors)[];
  /** A person's own limit, below the model's context. */
  readonly tokenLimit?: number;
  /** Whether an earlier run of the same text will do. */
  readonly mayReuse?: boolean;
  /** What will be asked of the run first: answered along with its summary. */
  readonly ahead?: readonly AheadQuestion[];
  /**
   * Continue greedily before the run: the text of a causal model by `nTokens`, the target of an encoder-decoder by
   * `nTokens`, or without a number until the end token, at most 64. Without a number it means nothing to other models.
   */
  readonly generate?: { readonly nTokens?: number };
  /** Run a text that is longer than the context in overlapping windows, rather than refuse it. */
  readonly inWindows?: boolean;
}

/** A run's summary, with what was asked ahead as far as the run can answer it. */
export type Inspected = RunSummary & { readonly ahead?: readonly AheadAnswer[] };

/** Runs of a worker that is about to end; what they hold is the engine's own matter. */
export interface HandedOver {
  readonly runs: readonly { readonly run: object; readonly request: InspectRequest }[];
}

export interface RawInput {
  readonly dims: readonly number[];
  readonly type: string;
  readonly data: ArrayBufferView;
}

/** host -> worker. Every call is answered exactly once. */
export interface EngineContract extends Slices {
  configure(settings: EngineSettings): Promise<void>;
  load(request: { model: ModelSource }): Promise<LoadedModel>;
  inspect(request: InspectRequest): Promise<Inspected>;
  /** Scans a model's graph without opening it; undefined where its files still bear the stamp. */
  describe(request: { model: ModelSource; stamp?: string }): Promise<ModelFacts | undefined>;
  /** Computes softmax(q·k·scale + bias + mask) again, in float64, and compares it with the weights that were handed over. */
  verify(request: InspectRequest): Promise<Verification>;
  tokenize(request: { model: ModelSource; text: string }): Promise<Token[]>;
  /**
   * Runs the model on the probe's inputs and gives each head its scores over them. `pairs`: sources with the targets
   * that the model is known to make of them, for its cross-attention; without, prose stands on both sides.
   */
  probe(request: { model: ModelSource; pairs?: readonly TextPair[] }): Promise<ProbeReport>;
  /** A run as the data of a page without a host, part by part. */
  exportPage(query: PageExportQuery): Promise<PageExportPart>;
  /** Everything that is kept, for the worker that takes this one's place; nothing is kept here after it. */
  handOver(): Promise<HandedOver>;
  takeOver(handed: HandedOver): Promise<void>;
  /** Frees a run's tensors. Unknown runs are fine. */
  release(request: { runId: string }): Promise<void>;
}

/** "auto": WebGPU on a real adapter where it agrees with WASM; "webgpu": on a software adapter too. */
export type BackendSetting = "auto" | "wasm" | "webgpu";

export interface EngineSettings {
  /** WASM when absent. */
  readonly backend?: BackendSetting;
  /** Why there is no WebGPU where the worker runs; told by what started it. */
  readonly noGpu?: BackendFallback;
  /** 0: chosen by the engine. */
  readonly threads: number;
  /** Bytes of tensors kept over all runs; the oldest runs go first. */
  readonly byteBudget: number;
}

export interface LoadedModel {
  readonly model: ModelSummary;
  readonly notices: readonly Notice[];
}

/** Tokenising for a model: its expressions can take any time, and nothing in JavaScript can stop them. */
export interface StubbornTask {
  readonly model: string;
  readonly limitMs: number;
}

/** worker -> host, without an answer. */
export interface EngineEvents {
  progress(event: {
    stage: "load" | "tokenize" | "generate" | "run" | "read" | "verify";
    fraction?: number;
  }): void;
  /** A task begins that keeps the worker from hearing anything, with the time it may take; null: it is over. */
  stubborn(event: StubbornTask | null): void;
  /** The runtime's heap, which never shrinks, is far larger than what is open needs. */
  swelled(event: { readonly heapBytes: number }): void;
  log(event: { level: "debug" | "info" | "warn" | "error"; message: string }): void;
}
