/** From values to 0..1, the place in a ramp. `signed` is symmetric about 0. */
export interface Scale {
  readonly kind: "linear" | "sqrt" | "signed";
  /** The value at the top of the ramp; a signed scale starts at its negative, the others at 0. */
  readonly max: number;
}

/** 0..1, clamped. `value` must be a number. */
export function place(scale: Scale, value: number): number {
  const max = scale.max || 1;
  const ratio = scale.kind === "signed" ? (value / max + 1) / 2 : value / max;
  const clamped = Math.min(1, Math.max(0, ratio));
  return scale.kind === "sqrt" ? Math.sqrt(clamped) : clamped;
}

/** The value at `t` 0..1 of the ramp. */
export function valueAt(scale: Scale, t: number): number {
  const max = scale.max || 1;
  if (scale.kind === "signed") return (2 * t - 1) * max;
  return scale.kind === "sqrt" ? t * t * max : t * max;
}

/** From 0 to the largest value in any head (weights: 1), so that one colour is one value in all of them. */
export function weightScale(squareRoot: boolean, largest = 1): Scale {
  return { kind: squareRoot ? "sqrt" : "linear", max: largest };
}

/** Scores: symmetric about 0, up to the largest visible finite one. */
export function scoreScale(data: Float32Array, isVisible: (index: number) => boolean): Scale {
  let max = 0;
  for (let index = 0; index < data.length; index++) {
    const size = Math.abs(data[index]!);
    if (size > max && size < Infinity && isVisible(index)) max = size;
  }
  return { kind: "signed", max };
}

/** Round values for the marks of a colour bar: few, and at the ends. */
export function scaleTicks(scale: Scale): number[] {
  if (scale.kind === "signed") return [-scale.max, 0, scale.max];
  const ratios = scale.kind === "sqrt" ? [0.05, 0.25, 0.5] : [0.25, 0.5, 0.75];
  // Weights have round marks at round shares; where the largest value is none, the marks are rounded.
  const mark = (ratio: number) => (scale.max === 1 ? ratio : Number((ratio * scale.max).toPrecision(1)));
  return [0, ...ratios.map(mark), scale.max];
}
