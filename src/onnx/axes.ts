import type { Op } from "./dataflow";
import { numbersOf } from "./graph";
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
    } else if (op.node.opType === "Squeeze" && axesOf(op, shapes)) {
      const gone = new Set(axesOf(op, shapes)?.map((axis) => (axis < 0 ? axis + now.length : axis)));
      now = now.filter((_, axis) => !gone.has(axis));
    } else if (op.node.opType === "Unsqueeze" && axesOf(op, shapes)) {
      const axes = axesOf(op, shapes) ?? [];
      const length = now.length + axes.length;
      const added = new Set(axes.map((axis) => (axis < 0 ? axis + length : axis)));
      const rest = [...now];
      now = Array.from({ length }, (_, axis) => (added.has(axis) ? "1" : (rest.shift() ?? "?")));
    } else if (rank !== undefined && rank !== now.length) now = withRank(now, rank);
  }
  return now;
}

function axesOf(op: Op, shapes: Shapes): number[] | undefined {
  const axes = numbersOf(op.node, "axes") ?? (op.inputs[1] && shapes.numbersOf(op.inputs[1]));
  return axes?.every((axis) => typeof axis === "number") ? [...axes] : undefined;
}

/** The axis that a softmax runs over, counted from the end (-1 is the last). */
export function softmaxAxis(opset: number, axis: number | undefined, rank: number): number {
  const stated = axis ?? (opset >= 13 ? -1 : 1);
  return stated < 0 ? stated : stated - rank;
}

function withRank(axes: readonly string[], rank: number): string[] {
  if (rank <= axes.length) return axes.slice(axes.length - rank);
  return [...new Array<string>(rank - axes.length).fill("?"), ...axes];
}

function leadingRank(product: Product, shapes: Shapes): number | undefined {
  const ranks = [product.left, product.right].map((value) => shapes.dimsOf(value)?.length ?? 0);
  return Math.max(...ranks) || undefined;
}
