import { alibiSlopes } from "../core/positions/alibi";
import type { FoundAttention } from "./attention";
import { storedNumbers, storedTensor } from "./constants";
import type { Op, Value } from "./dataflow";
import { numberOf } from "./graph";
import type { StoredTensor } from "./graph";
import type { PositionReport } from "./instrumented";
import type { Known } from "./known";
import { behind } from "./mask";
import { isSineOfPlaces } from "./positionTables";
import { productOf } from "./product";
import { readRow } from "./storedRows";
import type { ByteSource } from "./wire";

/** How attention itself tells places apart: by turning queries and keys, by slopes, or by biases of distances. */
export async function positionsInAttention(
  found: readonly FoundAttention[],
  known: Known,
  reader: ByteSource,
): Promise<PositionReport | undefined> {
  for (const attention of found) {
    const rotary = await rotaryOf(attention, reader);
    if (rotary) return rotary;
  }
  for (const attention of found) {
    const bias = slopesOf(attention) ?? relativeBiasOf(attention, known);
    if (bias) return bias;
  }
  return undefined;
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
      const isProjection = productOf(op) !== undefined && weights !== undefined && weights.dims.length >= 2;
      if (!isProjection && op.node.opType !== "Shape") next.push(...op.inputs, ...op.bodyResults);
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
    return rotary(await turnOfTable(cosines && storedTensor(cosines), reader));
  }
  const hasTurn = ["Cos", "Sin"].every((name) => ops.some(({ node }) => node.opType === name));
  if (!hasTurn) return foldedRotary(ops, reader);
  const frequencies = ops
    .flatMap(({ inputs }) => inputs)
    .map((input) =>
      input && storedTensor(input)?.type.startsWith("float") ? storedNumbers(input) : undefined,
    )
    .find((numbers) => numbers && fallsGeometrically(numbers));
  return rotary(frequencies && turnOf(frequencies));
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
    const turn = await turnOfTable(table, reader);
    if (turn) return rotary(turn);
  }
  return rotary(undefined);
}

/** A rotation as its frequencies say: its base, and how many dimensions it turns. */
interface Turn {
  readonly base: number;
  readonly dimensions: number;
}

function rotary(turn: Turn | undefined): PositionReport {
  return {
    scheme: "rope",
    parameters: turn ? { base: roundBase(turn.base), dimensions: turn.dimensions } : {},
  };
}

/** A base is a round number; what stored frequencies give is near one: float32 gives 9999.998, float16 10,010. */
function roundBase(base: number): number {
  const rounded = Number(base.toPrecision(2));
  return Math.abs(rounded / base - 1) < 5e-3 ? rounded : Number(base.toPrecision(4));
}

function fallsGeometrically(numbers: readonly number[]): boolean {
  const ratio = numbers[1]! / numbers[0]!;
  if (numbers.length < 2 || !numbers.every((number) => number > 0) || !(ratio < 1)) return false;
  // float16 models keep their frequencies with 3 digits.
  return numbers.every((number, i) => i === 0 || Math.abs(number / numbers[i - 1]! / ratio - 1) < 5e-3);
}

/** frequency[i] = base^(-i / n); from the widest span, where rounding counts least (float16's small numbers are few bits). */
function turnOf(frequencies: readonly number[]): Turn {
  const n = frequencies.length;
  const exact = frequencies.filter((number) => number > SMALLEST_NORMAL_HALF);
  const last = Math.max(1, exact.length - 1);
  return { base: (frequencies[last]! / frequencies[0]!) ** (-n / last), dimensions: 2 * n };
}

/** Below it a float16 has fewer than 10 bits of fraction. */
const SMALLEST_NORMAL_HALF = 2 ** -14;

/** The second row of a table of cosines holds cos(frequency); its second column gives the base. */
async function turnOfTable(table: StoredTensor | undefined, reader: ByteSource): Promise<Turn | undefined> {
  const width = table?.dims.at(-1) ?? 0;
  const row = table && (await readRow(table, 1, reader));
  if (!row || width < 2) return undefined;
  const isDoubled =
    row.length % 2 === 0 && row.slice(0, row.length / 2).every((x, i) => x === row[i + row.length / 2]);
  const nFrequencies = isDoubled ? width / 2 : width;
  const frequency = Math.acos(row[1] ?? 1);
  return frequency > 0 && Math.abs((row[0] ?? 0) - Math.cos(1)) < 1e-3
    ? { base: frequency ** -nFrequencies, dimensions: 2 * nFrequencies }
    : undefined;
}

/** A damaged file may state any number. */
const MOST_HEADS = 4096;

/** ALiBi (Press et al. 2022, §3): a bias of slope x position, with the paper's slope for each head, of either sign. */
function slopesOf({ biases, nHeads }: FoundAttention): PositionReport | undefined {
  if (!nHeads || nHeads < 2 || nHeads > MOST_HEADS) return undefined;
  const slopes = alibiSlopes(nHeads);
  for (const value of biases.flatMap((bias) => behind(bias))) {
    const numbers = storedNumbers(value);
    if (numbers?.length !== nHeads) continue;
    if (numbers.every((number, head) => Math.abs(Math.abs(number) / slopes[head]! - 1) < 5e-3))
      return { scheme: "alibi", parameters: { heads: nHeads } };
  }
  return undefined;
}

/** A bias looked up by distance (Shaw et al. 2018; T5, Raffel et al. 2020), or products with vectors of distances. */
function relativeBiasOf(
  { biases, nHeads, scoreProduct }: FoundAttention,
  known: Known,
): PositionReport | undefined {
  for (const bias of biases) {
    const values = behind(bias);
    for (const value of values) {
      const op = value.producer;
      const buckets = op && bucketsIn(op, nHeads, known);
      if (buckets) return { scheme: "relative-bias", parameters: { buckets } };
      const product = op && productOf(op);
      if (!product || product.op === scoreProduct?.op) continue;
      const [left, right] = [known.origins.isData(product.left), known.origins.isData(product.right)];
      if (left !== right) return ofDistances(left ? product.right : product.left, known);
    }
    const [, heads, queries] = known.shapes.dimsOf(bias) ?? [];
    if (known.origins.isConstant(bias) && nHeads !== undefined && heads === nHeads && queries !== 1) {
      return { scheme: "relative-bias", parameters: { form: "one stored number for each pair" } };
    }
  }
  return undefined;
}

/** Rows of a stored table that is as wide as there are heads, or as there are numbers in one, looked up by no content. */
function bucketsIn({ node, inputs }: Op, nHeads: number | undefined, { origins }: Known): number | undefined {
  const [data, index] = inputs;
  const table = node.opType === "Gather" && data ? storedTensor(data) : undefined;
  if (table?.dims.length !== 2 || !index || origins.isData(index)) return undefined;
  const [rows = 0, columns = 0] = table.dims;
  return columns === nHeads || !nHeads ? rows : rows === nHeads ? columns : undefined;
}

/** Products of queries or keys with one vector for each distance (Shaw et al. 2018; Dai et al. 2019, whose vectors are sinusoids). */
function ofDistances(vectors: Value, known: Known): PositionReport {
  const isSinusoid = behind(vectors).some(({ producer }) => producer && isSineOfPlaces(producer, known));
  return {
    scheme: isSinusoid ? "sinusoidal" : "relative-bias",
    parameters: { form: "products with vectors of distances" },
  };
}
