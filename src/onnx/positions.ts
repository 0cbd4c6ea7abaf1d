import { alibiSlopes } from "../core/positions/alibi";
import { recogniseSinusoidal } from "../core/positions/sinusoidal";
import type { Tensor } from "../core/tensor";
import { decodeNumbers, storedNumbers, storedTensor } from "./constants";
import type { Op, Value } from "./dataflow";
import type { FoundAttention } from "./attention";
import type { Known } from "./known";
import type { StoredTensor } from "./graph";
import type { PositionReport } from "./instrumented";
import { positionsOfAttention } from "./positionsOfAttention";
import { rotaryPairs } from "./rotaryPairs";
import type { ByteSource } from "./wire";

/** How a graph marks positions, with the first rows of its table or its learned biases where they lie in the file. */
export interface FoundPositions {
  readonly report: PositionReport;
  /** Learned or sinusoidal: [nPositions, dModel], the first rows. */
  readonly table?: Tensor;
  /** T5: [nBuckets, nHeads]. */
  readonly bucketBias?: Tensor;
}

/** A message carries at most 1 MB. */
const TABLE_BYTES = 1e6;
const TABLE_ROWS = 512;

/**
 * Looks for what can only be positions: angles made of falling frequencies (RoPE), a table that is looked up by something
 * no token goes into (learned, sinusoidal, or T5's buckets where it is as wide as there are heads), slopes (ALiBi).
 */
export async function findPositions(
  known: Known,
  found: readonly FoundAttention[],
  reader: ByteSource,
): Promise<FoundPositions> {
  const positions = await findScheme(known, found, reader);
  const { scheme, parameters } = positions.report;
  const pairs = scheme === "rope" ? rotaryPairs(found, known) : undefined;
  return pairs ? { ...positions, report: { scheme, parameters: { ...parameters, pairs } } } : positions;
}

async function findScheme(
  known: Known,
  found: readonly FoundAttention[],
  reader: ByteSource,
): Promise<FoundPositions> {
  const nHeads = found[0]?.nHeads;
  const rope = findRotation(known);
  if (rope) return { report: rope };
  const tables = known.flow.ops.flatMap((op) => tableOf(op, known) ?? []);
  const buckets = tables.find(({ dims }) => dims[1] === nHeads && dims[0]! >= 4 && dims[0]! <= 1024);
  if (buckets) {
    const bucketBias = await readRows(buckets, reader);
    return {
      report: { scheme: "relative-bias", parameters: { buckets: buckets.dims[0]! } },
      ...(bucketBias && { bucketBias }),
    };
  }
  const slopes = nHeads !== undefined && nHeads > 1 && hasSlopes(known, nHeads);
  if (slopes) return { report: { scheme: "alibi", parameters: { heads: nHeads } } };
  const [stored] = tables
    .filter(({ dims }) => dims[0]! >= 8 && dims[1]! >= 8)
    .sort((a, b) => b.dims[0]! - a.dims[0]!);
  if (!stored) return { report: await positionsOfAttention(found, known, reader) };
  const [length = 0, width = 0] = stored.dims;
  const table = await readRows(stored, reader);
  const waves = table && recogniseSinusoidal(table);
  const parameters: PositionReport["parameters"] = waves
    ? { length, width, base: Math.round(waves.base) }
    : { length, width };
  return { report: { scheme: waves ? "sinusoidal" : "learned", parameters }, ...(table && { table }) };
}

/** Frequencies behind a Cos and a Sin of one angle, or the table of a fused rotation. */
function findRotation({ flow }: Known): PositionReport | undefined {
  const sines = new Set(flow.ops.filter(({ node }) => node.opType === "Sin").map(({ inputs }) => inputs[0]));
  for (const { node, inputs } of flow.ops) {
    if (node.opType === "RotaryEmbedding") return { scheme: "rope", parameters: {} };
    if (node.opType !== "Cos" || !inputs[0] || !sines.has(inputs[0])) continue;
    const frequencies = frequenciesBehind(inputs[0]);
    if (!frequencies) continue;
    const ratio = frequencies[1]! / frequencies[0]!;
    const dimensions = 2 * frequencies.length;
    return { scheme: "rope", parameters: { base: roundBase(ratio ** -frequencies.length), dimensions } };
  }
  return undefined;
}

/** The nearest stored numbers above a value that fall geometrically. */
function frequenciesBehind(value: Value): number[] | undefined {
  const seen = new Set<Value>([value]);
  let level = [value];
  for (let step = 0; step < 14 && level.length; step++) {
    for (const at of level) {
      const numbers = storedTensor(at)?.type.startsWith("float") ? storedNumbers(at) : undefined;
      if (numbers && fallsGeometrically(numbers)) return numbers;
    }
    level = level
      .flatMap((at) => at.producer?.inputs ?? [])
      .filter((at): at is Value => {
        if (!at || seen.has(at)) return false;
        seen.add(at);
        return true;
      });
  }
  return undefined;
}

function fallsGeometrically(numbers: readonly number[]): boolean {
  if (numbers.length < 2 || !numbers.every((number) => number > 0)) return false;
  const ratio = numbers[1]! / numbers[0]!;
  if (!(ratio < 1)) return false;
  // float16 models keep their frequencies with 3 digits.
  return numbers.every((number, i) => i === 0 || Math.abs(number / numbers[i - 1]! / ratio - 1) < 5e-3);
}

/** A base is a round number; what float32 frequencies give is near one. */
function roundBase(base: number): number {
  const rounded = Number(base.toPrecision(3));
  return Math.abs(rounded / base - 1) < 1e-3 ? rounded : base;
}

/** The stored table of a Gather whose indices come from no token: from shapes, ranges, position ids or a mask. */
function tableOf({ node, inputs }: Op, { flow, origins }: Known): StoredTensor | undefined {
  const [data, indices] = inputs;
  if (node.opType !== "Gather" || !data || !indices) return undefined;
  const stored = storedTensor(data);
  if (stored?.dims.length !== 2 || !/float/.test(stored.type)) return undefined;
  const names = flow.model.graph.inputs.map(({ name }) => name);
  const bits = origins.inputsOf(indices);
  const fromTokens = names.some(
    (name, i) => (bits >> BigInt(i)) & 1n && !/position|attention_mask/.test(name),
  );
  return fromTokens ? undefined : stored;
}

function hasSlopes({ flow }: Known, nHeads: number): boolean {
  const slopes = alibiSlopes(nHeads);
  for (const op of flow.ops) {
    for (const value of op.inputs) {
      const stored = value && storedTensor(value);
      if (!stored?.type.startsWith("float") || stored.dims.reduce((a, b) => a * b, 1) !== nHeads) continue;
      const numbers = storedNumbers(value!);
      if (numbers?.every((number, head) => Math.abs(Math.abs(number) / slopes[head]! - 1) < 5e-3))
        return true;
    }
  }
  return false;
}

/** The first rows of a stored matrix, as many as one message carries; nothing where it lies in another file. */
export async function readRows(stored: StoredTensor, reader: ByteSource): Promise<Tensor | undefined> {
  const [length = 0, width = 0] = stored.dims;
  const rows = Math.min(length, TABLE_ROWS, Math.floor(TABLE_BYTES / 4 / Math.max(1, width)));
  const size =
    stored.type === "float16" || stored.type === "bfloat16" ? 2 : stored.type === "float64" ? 8 : 4;
  const wanted = rows * width * size;
  const isRaw = stored.dataField === 9 || stored.dataField === 4;
  const bytes =
    stored.bytes?.subarray(0, wanted) ??
    (isRaw && stored.data && (await reader.read(stored.data.byteOffset, wanted)));
  const numbers = bytes && decodeNumbers(stored, bytes);
  return numbers && numbers.length >= rows * width
    ? { dims: [rows, width], data: Float32Array.from(numbers.slice(0, rows * width)) }
    : undefined;
}
