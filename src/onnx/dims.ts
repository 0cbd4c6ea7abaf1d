import type { Dim, Dims } from "./shapeValues";

/** As many unknown dims as `rank` says; undefined where that is no number. */
export function unknownOf(rank: Dim | undefined): Dims | undefined {
  return typeof rank === "number" && rank <= 16 ? new Array<Dim>(rank).fill(null) : undefined;
}

/** An axis counted from the front. */
export function normal(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** Dims of several tensors broadcast against each other (ONNX, multidirectional broadcasting). */
export function broadcast(all: readonly (Dims | undefined)[]): Dims | undefined {
  const given = all.filter((dims) => dims !== undefined);
  if (given.length < all.length || !given.length) return undefined;
  const rank = Math.max(...given.map((dims) => dims.length));
  return Array.from({ length: rank }, (_, axis) => {
    const dims = given.map(
      (one) => one[one.length - rank + axis] ?? (one.length - rank + axis < 0 ? 1 : null),
    );
    const large = dims.filter((dim) => dim !== 1);
    return (
      large.find((dim) => typeof dim === "number") ??
      large.find((dim) => dim !== null) ??
      (large.length ? null : 1)
    );
  });
}

/** Dims of a product, as of numpy.matmul. */
export function matmulDims(
  a: Dims | undefined,
  b: Dims | undefined,
  transA: boolean,
  transB: boolean,
): Dims | undefined {
  if (!a || !b || a.length < 2 || b.length < 2) return undefined;
  const rows = a.at(transA ? -1 : -2) ?? null;
  const columns = b.at(transB ? -2 : -1) ?? null;
  return [...(broadcast([a.slice(0, -2), b.slice(0, -2)]) ?? []), rows, columns];
}

/** Dims in another order; reversed where none is given. */
export function transposed(dims: Dims | undefined, perm: readonly number[] | undefined): Dims | undefined {
  if (!dims) return perm && unknownOf(perm.length);
  return perm ? perm.map((axis) => dims[axis] ?? null) : [...dims].reverse();
}

/** Dims after a Reshape: 0 keeps a dim, -1 is what is left. */
export function reshaped(
  dims: Dims | undefined,
  target: readonly Dim[] | undefined,
  targetDims: Dims | undefined,
  allowZero: boolean,
): Dims | undefined {
  if (!target) return unknownOf(targetDims?.[0]);
  const result = target.map((dim, axis) => (dim === 0 && !allowZero ? (dims?.[axis] ?? null) : dim));
  const open = result.findIndex((dim) => dim === -1);
  if (open < 0) return result;
  const others = result.filter((_, axis) => axis !== open);
  const total = dims && product(dims);
  const rest = product(others);
  const solved = total !== undefined && rest ? total / rest : solveBySymbols(dims, others);
  return result.map((dim, axis) => (axis === open ? (solved ?? null) : dim));
}

/** -1 where all other axes can be struck off one by one: [b, t, 64] -> [b, t, -1] leaves 64. */
function solveBySymbols(dims: Dims | undefined, others: readonly Dim[]): Dim | undefined {
  if (!dims) return undefined;
  const rest = [...dims];
  let divisor = 1;
  for (const other of others) {
    const at = other === null ? -1 : rest.indexOf(other);
    if (at >= 0) rest.splice(at, 1);
    else if (typeof other === "number") divisor *= other;
    else return undefined;
  }
  const symbols = rest.filter((dim) => typeof dim !== "number");
  const numbers = product(rest.filter((dim) => typeof dim === "number")) ?? 1;
  if (symbols.length === 0) return numbers / divisor;
  return symbols.length === 1 && numbers === divisor ? symbols[0] : undefined;
}

function product(dims: readonly Dim[]): number | undefined {
  return dims.reduce<number | undefined>(
    (total, dim) => (total !== undefined && typeof dim === "number" ? total * dim : undefined),
    1,
  );
}

/** With axes of length 1 added. */
export function unsqueezed(dims: Dims | undefined, axes: readonly Dim[] | undefined): Dims | undefined {
  if (!dims || !axes) return undefined;
  const rank = dims.length + axes.length;
  const added = new Set(axes.map((axis) => normal(Number(axis), rank)));
  const rest = [...dims];
  return Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : (rest.shift() ?? null)));
}

/** With axes taken away. */
export function squeezed(dims: Dims | undefined, axes: readonly Dim[] | undefined): Dims | undefined {
  if (!dims) return undefined;
  if (!axes)
    return dims.every((dim) => typeof dim === "number") ? dims.filter((dim) => dim !== 1) : undefined;
  const gone = new Set(axes.map((axis) => normal(Number(axis), dims.length)));
  return dims.filter((_, axis) => !gone.has(axis));
}

/** Of Gather: the axis gives way to those of the indices. */
export function gathered(data: Dims | undefined, indices: Dims | undefined, axis: number): Dims | undefined {
  if (!data || !indices) return undefined;
  const at = normal(axis, data.length);
  return [...data.slice(0, at), ...indices, ...data.slice(at + 1)];
}

/** Of tensors side by side along an axis. */
export function concatenated(all: readonly (Dims | undefined)[], axis: number): Dims | undefined {
  const first = all.find((dims) => dims !== undefined);
  if (!first) return undefined;
  const at = normal(axis, first.length);
  return first.map((dim, index) => {
    if (index !== at) return all.map((dims) => dims?.[index]).find((one) => typeof one === "number") ?? dim;
    return all.reduce<Dim>((sum, dims) => {
      const one = dims?.[index];
      return typeof sum === "number" && typeof one === "number" ? sum + one : null;
    }, 0);
  });
}

/** Of a reduction over some axes, or all. */
export function reduced(
  dims: Dims | undefined,
  axes: readonly Dim[] | undefined,
  keep: boolean,
): Dims | undefined {
  if (!dims) return undefined;
  const gone = new Set(
    (axes ?? dims.map((_, axis) => axis)).map((axis) => normal(Number(axis), dims.length)),
  );
  return keep
    ? dims.map((dim, axis) => (gone.has(axis) ? 1 : dim))
    : dims.filter((_, axis) => !gone.has(axis));
}
