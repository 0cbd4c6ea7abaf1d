import type { Value } from "./dataflow";
import type { Product } from "./product";
import type { Shapes } from "./shapes";

export interface Roles {
  readonly queries: Value;
  readonly keys: Value;
  readonly queryLetter: string;
  readonly keyLetter: string;
  /** Whether the features of the queries come last: [.., p, d]. */
  readonly queryIsFirst: boolean;
}

/** The keys are the operand whose own axis the softmax runs over. */
export function rolesOf(product: Product, keyLetter: string, shapes: Shapes): Roles | undefined {
  const onlyLeft = ownAxes(product.leftAxes, product.rightAxes, product.outputAxes);
  const onlyRight = ownAxes(product.rightAxes, product.leftAxes, product.outputAxes);
  if (onlyRight.includes(keyLetter) && onlyLeft.length) {
    return {
      queries: product.left,
      keys: product.right,
      queryLetter: queryAmong(onlyLeft, product.left, product.leftAxes, product, shapes),
      keyLetter,
      queryIsFirst: true,
    };
  }
  if (onlyLeft.includes(keyLetter) && onlyRight.length) {
    return {
      queries: product.right,
      keys: product.left,
      queryLetter: queryAmong(onlyRight, product.right, product.rightAxes, product, shapes),
      keyLetter,
      queryIsFirst: false,
    };
  }
  return undefined;
}

/** Of the queries' own axes, one may count the query heads of a key head: that one has a fixed length, or comes first. */
function queryAmong(
  own: readonly string[],
  queries: Value,
  axes: string,
  { outputAxes }: Product,
  shapes: Shapes,
): string {
  const dims = shapes.dimsOf(queries);
  const isFree = (letter: string) => typeof dims?.[axes.indexOf(letter)] !== "number";
  const ordered = [...own].sort((a, b) => outputAxes.indexOf(a) - outputAxes.indexOf(b));
  const free = dims ? ordered.filter(isFree) : [];
  return (free.length > 0 ? free : ordered).at(-1) ?? "";
}

/** The axes that one operand alone brings into the product. */
export function ownAxes(axes: string, others: string, output: string): string[] {
  return [...axes].filter((letter) => letter !== "." && !others.includes(letter) && output.includes(letter));
}

/** Names of the axes by what they are: the key, the query, and the leading ones by their number. */
export function axisNames(axes: readonly string[], roles: Roles, shapes: Shapes): string[] {
  const isOwn = (letter: string) => letter === roles.keyLetter || letter === roles.queryLetter;
  const leading = axes.filter((letter) => !isOwn(letter));
  const third = isGrouped(roles, axes, shapes) ? ["b", "h", "g"] : ["b", "w", "h"];
  const names = [[], ["bh"], ["b", "h"], third][leading.length] ?? ["b", "w", "w", "h"];
  let next = 0;
  return axes.map((letter) =>
    letter === roles.keyLetter ? "k" : letter === roles.queryLetter ? "q" : (names[next++] ?? "?"),
  );
}

/** Whether the third leading axis counts query heads that share a key head: the keys have no such axis, or one of 1. */
function isGrouped(roles: Roles, axes: readonly string[], shapes: Shapes): boolean {
  const dims = shapes.dimsOf(roles.keys);
  if (!dims) return true;
  return dims.length < axes.length || dims[axes.length - 3] === 1;
}
