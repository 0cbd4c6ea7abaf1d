import type { FoundAttention } from "./attention";
import { decodeNumbers, storedNumbers, storedTensor } from "./constants";
import type { Op, Value } from "./dataflow";
import { elementBits, numberOf } from "./graph";
import type { StoredTensor } from "./graph";
import type { PositionReport } from "./instrumented";
import type { Known } from "./known";
import { behind } from "./mask";
import { productOf } from "./product";
import type { ByteSource } from "./wire";

/** How a model marks positions, as what goes into its attention and its embeddings says. */
export async function positionsOfAttention(
  found: readonly FoundAttention[],
  known: Known,
  reader: ByteSource,
): Promise<PositionReport> {
  for (const attention of found) {
    const rotary = await rotaryOf(attention, reader);
    if (rotary) return rotary;
  }
  for (const attention of found) {
    const bias = slopesOf(attention) ?? relativeBiasOf(attention, known);
    if (bias) return bias;
  }
  const table = await positionTable(known, reader);
  if (table) return table;
  if (known.flow.ops.some((op) => isComputedSinusoid(op, known)))
    return { scheme: "sinusoidal", parameters: {} };
  return { scheme: found.length ? "none" : "unknown", parameters: {} };
}

const FARTHEST = 40;

/** Everything a value is computed from within one projection: the way stops at products with stored weights. */
export function beforeProjection(value: Value): Op[] {
  const ops = new Set<Op>();
  let open: (Value | undefined)[] = [value];
  for (let distance = 0; distance < FARTHEST && open.length; distance++) {
    const next: (Value | undefined)[] = [];
    for (const one of open) {
      const op = one?.producer;
      if (!op || ops.has(op)) continue;
      ops.add(op);
      const weights = op.inputs[1] && storedTensor(op.inputs[1]);
      const isProjection = productOf(op) !== undefined && weights !== undefined && weights.dims.length === 2;
      if (!isProjection && op.node.opType !== "Shape") next.push(...op.inputs);
    }
    open = next;
  }
  return [...ops];
}

/** Rotary positions (Su et al. 2021): queries are turned by cosines and sines of position x frequency. */
async function rotaryOf(attention: FoundAttention, reader: ByteSource): Promise<PositionReport | undefined> {
  const { op, queriesFrom } = attention;
  const ops = beforeProjection(queriesFrom);
  const fused =
    numberOf(op.node, "do_rotary") === 1 ? op : ops.find(({ node }) => node.opType === "RotaryEmbedding");
  if (fused) {
    const cosines = fused.inputs[fused === op ? 7 : fused.node.domain === "" ? 1 : 2];
    return rotary(await baseOfTable(cosines && storedTensor(cosines), reader));
  }
  const hasTurn = ["Cos", "Sin"].every((name) => ops.some(({ node }) => node.opType === name));
  if (hasTurn) {
    const constants = ops.flatMap(({ inputs }) =>
      inputs.flatMap((input) => (input && storedNumbers(input)) ?? []),
    );
    const frequencies = ops
      .flatMap(({ inputs }) => inputs)
      .map((input) => (input ? storedNumbers(input) : undefined))
      .find((numbers) => numbers && isGeometric(numbers));
    return rotary(frequencies ? baseOf(frequencies) : constants.find((number) => number >= 1000));
  }
  return foldedRotary(ops, reader);
}

/** A turn whose cosines were computed by the exporter: halves swapped and negated, times a stored table. */
async function foldedRotary(ops: readonly Op[], reader: ByteSource): Promise<PositionReport | undefined> {
  const isSwap = ({ node, inputs }: Op) =>
    node.opType === "Concat" && inputs.some((input) => input?.producer?.node.opType === "Neg");
  const swapped = ops.filter(isSwap).flatMap(({ outputs }) => outputs);
  if (!swapped.length) return undefined;
  for (const { node, inputs } of ops) {
    if (node.opType !== "Mul" || inputs.some((input) => input && swapped.includes(input))) continue;
    const table = inputs.map((input) => input && storedTensor(input)).find((tensor) => tensor !== undefined);
    const base = await baseOfTable(table, reader);
    if (base) return rotary(base);
  }
  return rotary(undefined);
}

function rotary(base: number | undefined): PositionReport {
  return { scheme: "rope", parameters: base ? { base: roundBase(base) } : {} };
}

/** Frequencies are float32: a base comes back as 9999.998. */
function roundBase(base: number): number {
  const rounded = Math.round(base);
  return Math.abs(rounded - base) / base < 1e-3 ? rounded : Number(base.toPrecision(6));
}

function isGeometric(numbers: readonly number[]): boolean {
  const [first = 0, second = 0] = numbers;
  if (numbers.length < 2 || Math.abs(first - 1) > 1e-3 || !(second > 0 && second < 1)) return false;
  return numbers.every((number, index) => Math.abs(number - second ** index) <= 0.02 * second ** index);
}

/** frequency[i] = base^(-i / n) */
function baseOf(frequencies: readonly number[]): number {
  return (frequencies[1] ?? 1) ** -frequencies.length;
}

/** The second row of a table of cosines holds cos(frequency); its second column gives the base. */
async function baseOfTable(table: StoredTensor | undefined, reader: ByteSource): Promise<number | undefined> {
  const width = table?.dims.at(-1) ?? 0;
  const row = table && (await rowOf(table, 1, reader));
  if (!row || width < 2) return undefined;
  const isDoubled =
    row.length % 2 === 0 && row.slice(0, row.length / 2).every((x, i) => x === row[i + row.length / 2]);
  const nFrequencies = isDoubled ? width / 2 : width;
  const frequency = Math.acos(row[1] ?? 1);
  return frequency > 0 && Math.abs((row[0] ?? 0) - Math.cos(1)) < 1e-3
    ? frequency ** -nFrequencies
    : undefined;
}

/** One row of a stored matrix; leading axes of 1 do not count. */
async function rowOf(tensor: StoredTensor, row: number, reader: ByteSource): Promise<number[] | undefined> {
  const width = tensor.dims.at(-1) ?? 0;
  const size = tensor.dataField === 4 ? 4 : elementBits(tensor.type) / 8;
  const isPlain = tensor.dataField === 9 || tensor.dataField === 4;
  if (!tensor.data || !isPlain || (row + 1) * width * size > tensor.data.byteLength || width > 65_536)
    return undefined;
  return decodeNumbers(tensor, await reader.read(tensor.data.byteOffset + row * width * size, width * size));
}

/** ALiBi (Press et al. 2022): a bias of slope x position, with slopes in a geometric series over the heads. */
function slopesOf({ biases, nHeads }: FoundAttention): PositionReport | undefined {
  for (const value of biases.flatMap(behind)) {
    const numbers = storedNumbers(value);
    if (!numbers || numbers.length < 2 || (nHeads && numbers.length !== nHeads)) continue;
    const [first = 0, second = 0] = numbers;
    const ratio = second / first;
    const isSeries = numbers.every(
      (number, index) =>
        number > 0 &&
        (index === 0 || number < (numbers[index - 1] ?? 0) || index >= nearestPower(numbers.length)),
    );
    if (first > 0 && first <= 1 && ratio < 1 && ratio > 0 && isSeries) {
      return { scheme: "alibi", parameters: { firstSlope: first, ratio } };
    }
  }
  return undefined;
}

function nearestPower(count: number): number {
  return 2 ** Math.floor(Math.log2(count));
}

/** A bias looked up by distance (Shaw et al. 2018; T5, Raffel et al. 2020), or products with vectors of distances. */
function relativeBiasOf({ biases, nHeads }: FoundAttention, known: Known): PositionReport | undefined {
  for (const bias of biases) {
    for (const value of behind(bias)) {
      const op = value.producer;
      const table = op?.node.opType === "Gather" && op.inputs[0] ? storedTensor(op.inputs[0]) : undefined;
      if (table?.dims.length === 2 && (!nHeads || table.dims.includes(nHeads))) {
        const length = table.dims[1] === nHeads || !nHeads ? table.dims[0] : table.dims[1];
        const isLogarithmic = op ? behind(value).some((one) => one.producer?.node.opType === "Log") : false;
        return {
          scheme: "relative-bias",
          parameters: { buckets: length ?? 0, ...(isLogarithmic && { spacing: "logarithmic" }) },
        };
      }
      const product = op && productOf(op);
      if (product && known.origins.isData(product.left) !== known.origins.isData(product.right)) {
        return { scheme: "relative-bias", parameters: { form: "products with vectors of distances" } };
      }
    }
    const [, heads, queries] = known.shapes.dimsOf(bias) ?? [];
    if (known.origins.isConstant(bias) && nHeads !== undefined && heads === nHeads && queries !== 1) {
      return { scheme: "relative-bias", parameters: { form: "one stored number for each pair" } };
    }
  }
  return undefined;
}

/** A stored table that is added to embeddings: looked up by something that is not content, or whole. */
async function positionTable(known: Known, reader: ByteSource): Promise<PositionReport | undefined> {
  const { ops } = known.flow;
  const lookups = ops.flatMap((op) => lookupIn(op) ?? []);
  const words = Math.max(0, ...lookups.map(({ table }) => table.dims[0] ?? 0));
  for (const { table, index, output } of lookups) {
    const length = table.dims[0] ?? 0;
    const countsPositions = !index || !known.origins.isData(index) || behind(index).some(isRunningSum);
    const isInput = index !== undefined && index.inputIndex >= 0 && length < words && length > 16;
    const isAdded = output === undefined || reachesAdd(output);
    if (isAdded && (countsPositions || isInput)) return tableReport(table, length, reader);
  }
  for (const op of ops) {
    if (op.node.opType !== "Add") continue;
    const table = op.inputs.map((input) => input && storedTensor(input)).find((tensor) => tensor?.data);
    const [batch, length = 0, width = 0] = table?.dims ?? [];
    if (table && batch === 1 && table.dims.length === 3 && length > 1 && width > 1) {
      return tableReport(table, length, reader);
    }
  }
  return undefined;
}

function lookupIn(op: Op): { table: StoredTensor; index?: Value; output?: Value } | undefined {
  const [data, index] = op.inputs;
  if (op.node.opType === "EmbedLayerNormalization") {
    const table = op.inputs[3] && storedTensor(op.inputs[3]);
    return table && { table };
  }
  if (op.node.opType !== "Gather" && op.node.opType !== "Slice") return undefined;
  const table = data && storedTensor(data);
  if (
    !index ||
    !table ||
    table.dims.length !== 2 ||
    (table.dims[1] ?? 0) < 2 ||
    !table.type.includes("float")
  )
    return undefined;
  return { table, index, output: op.outputs[0] };
}

function isRunningSum(value: Value): boolean {
  return value.producer?.node.opType === "CumSum";
}

function reachesAdd(value: Value, steps = 4): boolean {
  return value.consumers.some(
    ({ op }) =>
      op.node.opType === "Add" ||
      op.node.opType === "LayerNormalization" ||
      (steps > 0 &&
        op.outputs[0] !== undefined &&
        PASSES.has(op.node.opType) &&
        reachesAdd(op.outputs[0], steps - 1)),
  );
}

const PASSES = new Set([
  "Cast",
  "Unsqueeze",
  "Squeeze",
  "Expand",
  "Identity",
  "Reshape",
  "DequantizeLinear",
  "Mul",
]);

/** A table whose first row is sines and cosines of 0 is the sinusoid of Vaswani et al. 2017. */
async function tableReport(table: StoredTensor, length: number, reader: ByteSource): Promise<PositionReport> {
  const row = await rowOf(table, 0, reader);
  const isSinusoid =
    row?.every((number) => number === 0 || number === 1) && row.includes(1) && row.includes(0);
  return { scheme: isSinusoid ? "sinusoidal" : "learned", parameters: { length } };
}

/** Sines and cosines of positions that are computed in the graph and added to something. */
function isComputedSinusoid({ node, inputs, outputs }: Op, { origins }: Known): boolean {
  const [input] = inputs;
  const [output] = outputs;
  return (
    node.opType === "Sin" && !!input && !!output && !origins.isData(input) && output.consumers.length > 0
  );
}
