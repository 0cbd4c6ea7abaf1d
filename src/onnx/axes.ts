import { numberOf, numbersOf } from "./graph";
import type { Step } from "./paths";
import type { Product } from "./product";
import type { Shapes } from "./shapes";

/**
 * Follows the axes of a matrix of scores from its product through the operations behind it. A letter is an axis of the
 * product; "?" one of the leading axes, which only their number tells apart.
 */
export function axesOfProduct(product: Product, shapes: Shapes): string[] {
  const rank = shapes.dimsOf(product.output)?.length ?? leadingRank(product, shapes);
  return expandLeading(product.outputAxes, rank);
}

/** Axes with the dot replaced by as many "?" as the rank asks for. */
export function expandLeading(axes: string, rank: number | undefined): string[] {
  const letters = [...axes];
  const dot = letters.indexOf(".");
  if (dot < 0) return letters;
  const leading = Math.max(0, (rank ?? 4) - (letters.length - 1));
  return [...letters.slice(0, dot), ...new Array<string>(leading).fill("?"), ...letters.slice(dot + 1)];
}

export function axesAfter(axes: readonly string[], steps: readonly Step[], shapes: Shapes): string[] {
  let now = [...axes];
  for (const { op } of steps) {
    const output = op.outputs[0];
    const rank = output && shapes.dimsOf(output)?.length;
    if (op.node.opType === "Transpose") {
      const perm = numbersOf(op.node, "perm") ?? now.map((_, axis) => now.length - 1 - axis);
      const given = withRank(now, perm.length);
      now = perm.map((axis) => given[axis] ?? "?");
    } else if (rank !== undefined && rank !== now.length) now = withRank(now, rank);
  }
  return now;
}

/** The axis that a softmax runs over, counted from the end (-1 is the last). */
export function softmaxAxis(opset: number, axis: number | undefined, rank: number): number {
  const stated = axis ?? (opset >= 13 ? -1 : 1);
  return stated < 0 ? stated : stated - rank;
}

export function axisAttribute(step: { node: Parameters<typeof numberOf>[0] }): number | undefined {
  return numberOf(step.node, "axis");
}

function withRank(axes: readonly string[], rank: number): string[] {
  if (rank <= axes.length) return axes.slice(axes.length - rank);
  return [...new Array<string>(rank - axes.length).fill("?"), ...axes];
}

function leadingRank(product: Product, shapes: Shapes): number | undefined {
  const ranks = [product.left, product.right].map((value) => shapes.dimsOf(value)?.length ?? 0);
  return Math.max(...ranks) || undefined;
}
