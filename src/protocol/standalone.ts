import { HeadlightError } from "../core/errors";
import { fromFloat16, toFloat16 } from "../core/float16";
import type { LengthMeasure } from "../core/measures/measure";
import type { BlockKind, LayerTensor, RunSummary } from "../core/run";
import { elementCount, type Tensor } from "../core/tensor";
import type { LogitLens, TokenPrediction } from "./generation";
import type { ModelPositions } from "./positions";
import type { Prediction } from "./slices";
import type { InspectorSelection, ViewSettings } from "./viewContract";

/** A whole inspection for a page without a host: the summary and the tensors that its views ask for. */
export interface StandaloneRun {
  readonly run: RunSummary;
  readonly tensors: readonly StandaloneTensor[];
  /** What multiplies the weights in a measure, so that its vectors need not be carried. */
  readonly lengths?: readonly StandaloneLengths[];
  /** For each position asked about, the most likely tokens there. */
  readonly predictions: readonly { readonly position: number; readonly likely: readonly Prediction[] }[];
  /** What the model made of the tokens of the sequence that it predicts, and what each layer would, where that was kept. */
  readonly generation?: {
    readonly predictions: readonly TokenPrediction[];
    readonly lens?: LogitLens;
  };
  /** How the model marks positions, where that is known. */
  readonly positions?: Pick<ModelPositions, "scheme" | "parameters" | "source">;
  readonly selection?: InspectorSelection;
  readonly settings?: ViewSettings;
}

/** All heads of one layer: [heads, queries, keys] for weights and scores, [heads, positions, dHead] for vectors; the projection as ProjectionPart says. */
export interface StandaloneTensor extends Tensor {
  readonly block: BlockKind;
  readonly layer: number;
  readonly what: LayerTensor;
}

/** Of one layer: [nHeads, nKeys]. */
export interface StandaloneLengths extends Tensor {
  readonly block: BlockKind;
  readonly layer: number;
  readonly measure: LengthMeasure;
}

/** How numbers are stored in the page: float16 halves the file and keeps 3 significant digits. */
export type StoredPrecision = "float16" | "float32";

/** Id of the script element (type application/json) that carries the text made by `encodeStandalone`. */
export const standaloneElementId = "headlight-data";

const format = "headlight-inspection";
const version = 1;

/** JSON that is safe inside a script element: no "<" occurs in it. Little-endian, base64. */
export function encodeStandalone(content: StandaloneRun, precision: StoredPrecision = "float32"): string {
  const { tensors, lengths = [], ...rest } = content;
  const stored = tensors.map(({ data, ...of }) => ({
    ...of,
    type: precision,
    base64: toBase64(precision === "float16" ? toFloat16(data) : data),
  }));
  // They are few, and a large one would leave float16's range.
  const kept = lengths.map(({ data, ...of }) => ({ ...of, type: "float32", base64: toBase64(data) }));
  const json = JSON.stringify({ format, version, ...rest, tensors: stored, lengths: kept });
  return json.replaceAll("<", "\\u003c").replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
}

/** Reads what `encodeStandalone` wrote; throws a HeadlightError when it is something else or cut short. */
export function parseStandalone(json: string): StandaloneRun & { readonly precision: StoredPrecision } {
  const document = parseObject(json);
  if (document.format !== format || document.version !== version) {
    throw notAnInspection(`format ${String(document.format)}, version ${String(document.version)}`);
  }
  const run = document.run as RunSummary | undefined;
  if (!run || !Array.isArray(run.tokens) || !Array.isArray(run.blocks) || !Array.isArray(document.tensors)) {
    throw notAnInspection("no run, tokens, blocks or tensors");
  }
  const stored = document.tensors as StoredTensor[];
  return {
    run,
    tensors: stored.map((each) => {
      const { block, layer, what } = each;
      return { block, layer, what, ...parseTensor(each, what) };
    }),
    lengths: Array.isArray(document.lengths)
      ? (document.lengths as StoredLengths[]).map((each) => {
          const { block, layer, measure } = each;
          return { block, layer, measure, ...parseTensor(each, measure) };
        })
      : [],
    predictions: Array.isArray(document.predictions)
      ? (document.predictions as StandaloneRun["predictions"])
      : [],
    ...parseGeneration(document.generation),
    positions: parsePositions(document.positions),
    selection: document.selection as InspectorSelection | undefined,
    settings: document.settings as ViewSettings | undefined,
    precision: stored.some(({ type }) => type === "float16") ? "float16" : "float32",
  };
}

function parsePositions(value: unknown): StandaloneRun["positions"] {
  const found = value as StandaloneRun["positions"] | null | undefined;
  const isWhole =
    typeof found?.scheme === "string" && typeof found.parameters === "object" && found.parameters;
  return isWhole ? found : undefined;
}

function parseGeneration(value: unknown): Pick<StandaloneRun, "generation"> {
  const found = value as StandaloneRun["generation"] | null | undefined;
  return found && Array.isArray(found.predictions) ? { generation: found } : {};
}

interface Stored {
  readonly block: BlockKind;
  readonly layer: number;
  readonly dims: readonly number[];
  readonly type: StoredPrecision;
  readonly base64: string;
}
type StoredTensor = Stored & { readonly what: LayerTensor };
type StoredLengths = Stored & { readonly measure: LengthMeasure };

function parseTensor({ block, layer, dims, type, base64 }: Stored, what: string): Tensor {
  const name = `${block} ${what} of layer ${layer}`;
  if (typeof base64 !== "string" || !Array.isArray(dims) || (type !== "float16" && type !== "float32")) {
    throw notAnInspection(`the tensor ${name} is malformed`);
  }
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const expected = elementCount(dims) * (type === "float16" ? 2 : 4);
  if (bytes.byteLength !== expected) {
    throw notAnInspection(`the tensor ${name} has ${bytes.byteLength} bytes instead of ${expected}`);
  }
  const data =
    type === "float16" ? fromFloat16(new Uint16Array(bytes.buffer)) : new Float32Array(bytes.buffer);
  return { dims, data };
}

function parseObject(json: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch (error) {
    throw notAnInspection(String(error));
  }
  throw notAnInspection("not an object");
}

function notAnInspection(detail: string): HeadlightError {
  return new HeadlightError(
    "not-an-inspection",
    "This page carries no inspection that this version of Headlight can read. Export it again.",
    detail,
  );
}

function toBase64(view: Float32Array | Uint16Array): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const chunk = 32768;
  const parts: string[] = [];
  for (let start = 0; start < bytes.length; start += chunk) {
    parts.push(String.fromCharCode(...bytes.subarray(start, start + chunk)));
  }
  return btoa(parts.join(""));
}
