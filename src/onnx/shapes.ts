import { storedNumbers, storedTensor } from "./constants";
import type { Dataflow, Value } from "./dataflow";
import { inferDims } from "./inferDims";
import { inferType } from "./inferType";
import { shapeValueOf } from "./shapeValues";
import type { Dim, Dims } from "./shapeValues";

/** Element types and shapes of the values, as far as the exporter says them or they follow from the operators. */
export interface Shapes {
  dimsOf(value: Value): Dims | undefined;
  /** "float32", …; "" where unknown. */
  typeOf(value: Value): string;
  /** The content of a small integer tensor that is used as a shape. */
  numbersOf(value: Value): readonly Dim[] | undefined;
}

export function findShapes(flow: Dataflow): Shapes {
  const dims = new Map<Value, Dims | undefined>();
  const types = new Map<Value, string>();
  const contents = new Map<Value, readonly Dim[] | undefined>();

  const shapes: Shapes = {
    dimsOf: (value) => dims.get(value) ?? declaredDims(value),
    typeOf: (value) => types.get(value) ?? declaredType(value),
    numbersOf: (value) => {
      if (!contents.has(value)) contents.set(value, storedContent(value));
      return contents.get(value);
    },
  };
  for (const op of flow.ops) {
    op.outputs.forEach((value, index) => {
      const inner = value.inner[0];
      const inferred = inner ? shapes.dimsOf(inner) : inferDims(op, index, shapes);
      dims.set(value, merge(declaredDims(value), inferred));
      types.set(value, declaredType(value) || (inner ? shapes.typeOf(inner) : inferType(op, index, shapes)));
      if (index === 0) contents.set(value, storedContent(value) ?? shapeValueOf(op, shapes));
    });
  }
  return shapes;
}

function declaredDims(value: Value): Dims | undefined {
  return value.info?.dims ?? storedTensor(value)?.dims;
}

function declaredType(value: Value): string {
  return value.info?.type || storedTensor(value)?.type || "";
}

function storedContent(value: Value): readonly Dim[] | undefined {
  const tensor = storedTensor(value);
  // A shape of 64 int64 numbers: what is longer is no shape, and decoding it would be for nothing.
  if (tensor && (tensor.bytes?.byteLength ?? Infinity) > 512) return undefined;
  return storedNumbers(value);
}

/** What the exporter says wins where it is more exact. */
function merge(declared: Dims | undefined, inferred: Dims | undefined): Dims | undefined {
  if (!declared || !inferred || declared.length !== inferred.length) return declared ?? inferred;
  return declared.map((dim, axis) => {
    const other = inferred[axis] ?? null;
    return typeof dim === "number" ? dim : typeof other === "number" ? other : (dim ?? other);
  });
}
