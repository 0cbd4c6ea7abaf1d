import type { BlockKind, ModelSummary } from "./run";

/** How far the weights that a model handed over are from those computed again, layer by layer. */
export interface Verification {
  readonly model: ModelSummary;
  readonly nTokens: number;
  /** Of the model's stored weights ("float32", "float16", "int8", …). */
  readonly precision: string;
  readonly layers: readonly VerifiedLayer[];
  /** Places that look like attention and could not be taken. */
  readonly notTaken: readonly { readonly where: string; readonly reason: string }[];
  readonly durationMs: number;
}

export interface VerifiedLayer {
  readonly block: BlockKind;
  readonly layer: number;
  readonly pattern: string;
  readonly nHeads: number;
  /** Rows that were computed again, of so many; rows that see no key are not among the former. */
  readonly nRows: number;
  readonly ofRows: number;
  /** Largest |softmax(q·k·scale + bias + mask) - weight| over the rows; absent where `missing` says why. */
  readonly difference?: number;
  readonly worst?: { readonly head: number; readonly query: number; readonly key: number };
  /** Largest |weights·v - output of the head| over the same rows, relative to the largest |output|. */
  readonly outputDifference?: number;
  /** What rounding in the model's precision explains. */
  readonly tolerance: number;
  readonly missing?: string;
}

/** "agrees": every layer within the tolerance; "differs": one or more is not; "incomplete": what could be checked agrees. */
export function verdictOf({ layers, notTaken }: Verification): "agrees" | "differs" | "incomplete" {
  const off = layers.some(
    ({ difference = 0, outputDifference = 0, tolerance }) =>
      !(difference <= tolerance) || !(outputDifference <= tolerance * OUTPUT_OVER_WEIGHTS),
  );
  if (off) return "differs";
  const isWhole = notTaken.length === 0 && layers.every(({ missing }) => missing === undefined);
  return isWhole ? "agrees" : "incomplete";
}

/** Sums over keys gather the rounding of many weights. */
const OUTPUT_OVER_WEIGHTS = 10;

export function largestDifference({ layers }: Pick<Verification, "layers">): number {
  return Math.max(0, ...layers.map(({ difference = 0 }) => difference));
}

/**
 * What rounding explains: float32 gave less than 1e-5 on all models measured; float16 scores keep three digits; of 8-bit
 * products the rounding is computed again too, and a number may fall to the other side of a step.
 */
export const TOLERANCES = { float32: 1e-4, float16: 2e-2, int8: 5e-3 } as const;
