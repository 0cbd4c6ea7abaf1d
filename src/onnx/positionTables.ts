import { recogniseSinusoidal } from "../core/positions/sinusoidal";
import type { Tensor } from "../core/tensor";
import { storedTensor } from "./constants";
import type { Op, Value } from "./dataflow";
import type { StoredTensor } from "./graph";
import type { PositionReport } from "./instrumented";
import type { Known } from "./known";
import { behind } from "./mask";
import { readRows } from "./storedRows";
import type { ByteSource } from "./wire";

/** A table of positions that is added to embeddings, with its first rows [nPositions, dModel] where they lie in the file. */
export interface FoundTable {
  readonly report: PositionReport;
  readonly table?: Tensor;
}

/**
 * Learned or sinusoidal positions: a stored table that is added to embeddings, looked up by a count of places (a Range, a
 * running sum, the shape of something) or by an input that is not the tokens', or taken whole.
 */
export async function positionTable(known: Known, reader: ByteSource): Promise<FoundTable | undefined> {
  const stored = lookedUp(known) ?? addedWhole(known);
  if (stored) {
    const [length = 0, width = 0] = stored.dims.slice(-2);
    const table = await readRows(stored, reader);
    const waves = table && recogniseSinusoidal(table);
    const parameters = { length, width, ...(waves && { base: Math.round(waves.base) }) };
    return { report: { scheme: waves ? "sinusoidal" : "learned", parameters }, ...(table && { table }) };
  }
  const isComputed = known.flow.ops.some((op) => isSineOfPlaces(op, known));
  return isComputed ? { report: { scheme: "sinusoidal", parameters: {} } } : undefined;
}

/** Sines that no content goes into, on their way to something else. */
export function isSineOfPlaces({ node, inputs, outputs }: Op, { origins }: Known): boolean {
  const [input] = inputs;
  return node.opType === "Sin" && !!input && !origins.isData(input) && !!outputs[0]?.consumers.length;
}

interface Lookup {
  readonly table: StoredTensor;
  readonly index?: Value;
  readonly output?: Value;
}

/** Types of segments: tables of so few rows tell parts of a text apart, not places. */
const FEWEST_ROWS = 5;

function lookedUp(known: Known): StoredTensor | undefined {
  const lookups = known.flow.ops.flatMap((op) => lookupIn(op) ?? []).filter(isAdded);
  const counted = lookups.find(
    ({ index }) => !index || !known.origins.isData(index) || behind(index).some(isRunningSum),
  );
  if (counted) return counted.table;
  // Of several tables that inputs choose from, that of the tokens is the vocabulary.
  const chosen = lookups.filter(({ index, table }) => isInput(index) && (table.dims[0] ?? 0) >= FEWEST_ROWS);
  const words = chosen.find(({ table }) => isVocabulary(table, known)) ?? longest(chosen);
  return longest(chosen.filter((lookup) => lookup !== words && lookup.index !== words?.index))?.table;
}

/** As long as an output is wide: the model predicts its entries. */
function isVocabulary({ dims }: StoredTensor, { flow, shapes }: Known): boolean {
  return flow.model.graph.outputs.some(({ name, dims: declared }) => {
    const value = flow.main.values.get(name);
    const last = (value && shapes.dimsOf(value)?.at(-1)) ?? declared?.at(-1);
    return last === dims[0];
  });
}

function longest(lookups: readonly Lookup[]): Lookup | undefined {
  return [...lookups].sort((a, b) => (b.table.dims[0] ?? 0) - (a.table.dims[0] ?? 0))[0];
}

function lookupIn(op: Op): Lookup | undefined {
  const [data, index] = op.inputs;
  if (op.node.opType === "EmbedLayerNormalization") {
    const table = op.inputs[3] && storedTensor(op.inputs[3]);
    return table && { table };
  }
  if (op.node.opType !== "Gather" && op.node.opType !== "Slice") return undefined;
  const table = data && storedTensor(data);
  const isTable = table?.dims.length === 2 && (table.dims[1] ?? 0) > 1 && table.type.includes("float");
  return index && isTable ? { table, index, output: op.outputs[0] } : undefined;
}

function isRunningSum(value: Value): boolean {
  return value.producer?.node.opType === "CumSum";
}

/** Whether ids of an input are looked up as they are, but for their type and shape. */
function isInput(index: Value | undefined): boolean {
  for (let at = index, step = 0; at && step < 6; step++) {
    if (at.inputIndex >= 0) return true;
    const op: Value["producer"] = at.producer;
    if (!op || !["Cast", "Reshape", "Unsqueeze", "Squeeze", "Slice", "Add"].includes(op.node.opType))
      return false;
    at = op.inputs[0];
  }
  return false;
}

function isAdded({ output }: Lookup): boolean {
  return output === undefined || reachesAdd(output);
}

function reachesAdd(value: Value, steps = 4): boolean {
  return value.consumers.some(
    ({ op }) =>
      op.node.opType === "Add" ||
      op.node.opType === "Sum" ||
      /LayerNormalization$/.test(op.node.opType) ||
      (steps > 0 &&
        op.outputs[0] !== undefined &&
        PASSES.has(op.node.opType) &&
        reachesAdd(op.outputs[0], steps - 1)),
  );
}

const PASSES = new Set(
  "Cast Unsqueeze Squeeze Expand Identity Reshape DequantizeLinear Mul Slice Transpose".split(" "),
);

/** A table that is added as it is: [1, length, width], for images and sounds of a fixed size. */
function addedWhole({ flow }: Known): StoredTensor | undefined {
  for (const op of flow.ops) {
    if (op.node.opType !== "Add") continue;
    const table = op.inputs.map((input) => input && storedTensor(input)).find((tensor) => tensor?.data);
    const [batch, length = 0, width = 0] = table?.dims ?? [];
    if (table && batch === 1 && table.dims.length === 3 && length > 1 && width > 1) return table;
  }
  return undefined;
}
