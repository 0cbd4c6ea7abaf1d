import type { Place } from "./attention";
import { axesAfter, expandLeading } from "./axes";
import type { Value } from "./dataflow";
import { numbersOf } from "./graph";
import type { Path } from "./paths";
import type { Product } from "./product";
import { ownAxes } from "./roles";
import type { Shapes } from "./shapes";

/** What the letters of an Einsum stand for; the axes of a MatMul that have no letter are told apart by their number. */
export type NamesByLetter = ReadonlyMap<string, string>;

export function namesByLetter(axes: readonly string[], names: readonly string[]): NamesByLetter {
  const pairs = axes.map((letter, index) => [letter, names[index] ?? "?"] as const);
  return new Map(pairs.filter(([letter]) => /[a-zA-Z]/.test(letter)));
}

/** By the letters of the product with the values, from the side that the weights come in. */
function namesEntering(
  { product, side, steps }: Path,
  names: readonly string[],
  shapes: Shapes,
): NamesByLetter {
  const letters = side === "left" ? product.leftAxes : product.rightAxes;
  const entering = axesAfter(names, steps, shapes);
  return letters.includes(".") || letters.length !== entering.length
    ? new Map()
    : namesByLetter([...letters], entering);
}

export function productOperand(
  product: Product,
  value: Value,
  positionLetter: string,
  names: readonly string[],
  byLetter: NamesByLetter,
  shapes: Shapes,
): Place {
  const letters = expandLeading(
    value === product.left ? product.leftAxes : product.rightAxes,
    shapes.dimsOf(value)?.length ?? names.length,
  );
  const contracted = [...product.leftAxes].filter(
    (letter) => product.rightAxes.includes(letter) && !product.outputAxes.includes(letter),
  );
  const named = nameLetters(letters, positionLetter, contracted, names, byLetter);
  return beforeTranspose(beforeQuantising(value), named);
}

export function valueOperand(after: Path, names: readonly string[], shapes: Shapes): Place {
  const { product } = after;
  const [value, axes, other] =
    after.side === "left"
      ? [product.right, product.rightAxes, product.leftAxes]
      : [product.left, product.leftAxes, product.rightAxes];
  const keyLetters = [...axes].filter(
    (letter) => other.includes(letter) && !product.outputAxes.includes(letter),
  );
  const features = ownAxes(axes, other, product.outputAxes);
  const letters = expandLeading(axes, shapes.dimsOf(value)?.length ?? names.length);
  const byLetter = namesEntering(after, names, shapes);
  const named = nameLetters(letters, keyLetters[0] ?? "", features, names, byLetter);
  return beforeTranspose(beforeQuantising(value), named);
}

export function headOutput(after: Path, names: readonly string[], shapes: Shapes): Place {
  const { product } = after;
  const [axes, other] =
    after.side === "left" ? [product.rightAxes, product.leftAxes] : [product.leftAxes, product.rightAxes];
  const features = ownAxes(axes, other, product.outputAxes);
  const byLetter = namesEntering(after, names, shapes);
  const own = ownAxes(other, axes, product.outputAxes);
  const query = own.find((letter) => byLetter.get(letter) === "q") ?? own.at(-1) ?? "";
  const letters = expandLeading(product.outputAxes, shapes.dimsOf(product.output)?.length ?? names.length);
  return {
    value: afterScaling(product.output),
    axes: nameLetters(letters, query, features, names, byLetter),
  };
}

/** The same tensor before a Transpose that the runtime may want to fuse into the product. */
function beforeTranspose(value: Value, axes: readonly string[]): Place {
  const op = value.producer;
  const perm = op?.node.opType === "Transpose" ? numbersOf(op.node, "perm") : undefined;
  const input = op?.inputs[0];
  if (!perm || !input || perm.length !== axes.length) return { value, axes };
  const before = axes.map(() => "?");
  perm.forEach((from, to) => (before[from] = axes[to] ?? "?"));
  return { value: input, axes: before };
}

/** What an operand of an integer product stands for. */
function beforeQuantising(value: Value): Value {
  const op = value.producer;
  const isQuantised = op?.node.opType === "DynamicQuantizeLinear" || op?.node.opType === "QuantizeLinear";
  return (isQuantised && op.inputs[0]) || value;
}

/** The result of an integer product as a number: behind its Cast and Mul. */
function afterScaling(value: Value): Value {
  if (value.producer?.node.opType !== "MatMulInteger") return value;
  let at = value;
  for (const opType of ["Cast", "Mul"]) {
    const next = at.consumers.find(({ op }) => op.node.opType === opType);
    at = next?.op.outputs[0] ?? at;
  }
  return at;
}

/** Leading axes take the names that the weights' leading axes have, counted from the matrix outwards. */
function nameLetters(
  letters: readonly string[],
  position: string,
  features: readonly string[],
  names: readonly string[],
  byLetter: NamesByLetter,
): string[] {
  const leadingNames = names.filter((name) => name !== "q" && name !== "k");
  const isLeading = (letter: string) => letter !== position && !features.includes(letter);
  const nLeading = letters.filter(isLeading).length;
  const fold = nLeading === 1 && leadingNames.length === 2 ? ["bh"] : leadingNames.slice(-nLeading);
  const available = nLeading === 0 ? [] : nLeading === 2 && leadingNames.length === 1 ? ["b", "h"] : fold;
  let next = 0;
  return letters.map((letter) =>
    letter === position
      ? "p"
      : features.includes(letter)
        ? "d"
        : (byLetter.get(letter) ?? available[next++] ?? "?"),
  );
}
