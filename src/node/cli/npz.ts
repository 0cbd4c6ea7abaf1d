import { readFile } from "node:fs/promises";
import { unzipSync } from "fflate";
import { parse, type DType } from "npyjs";
import { badNpz, fileMissing } from "../../core/errors";
import type { RawInput } from "../../protocol/engineContract";
import { NpzWriter, type NamedArray } from "../../protocol/npz";
import { layerTensor, layerVectors, type Inspection } from "./inspection";
import type { Write } from "./outputFiles";

/** The arrays of an inspection as NumPy reads them; keys as src/README.md and the contract of the command line fix them. */
export async function writeNpz(inspection: Inspection, write: Write): Promise<void> {
  const { run, layers, measures, vectors } = inspection;
  const zip = new NpzWriter(write);
  const add = (name: string, data: NamedArray["data"], dims: readonly number[]) =>
    zip.add({ name, dims, data });
  const ids = (tokens: readonly { id: number }[]) => BigInt64Array.from(tokens, ({ id }) => BigInt(id));
  await add("ids", ids(run.tokens), [run.tokens.length]);
  const spans = Int32Array.from(run.tokens.flatMap(({ start, end }) => [start, end]));
  await add("spans", spans, [run.tokens.length, 2]);
  if (run.targetTokens) await add("target_ids", ids(run.targetTokens), [run.targetTokens.length]);
  // Two towers without cross-attention (an image and a text) are told apart too.
  const named = run.blocks.length > 1 || run.model.kind === "encoder-decoder";
  for (const layer of layers) {
    const name = (what: string) =>
      named ? `${layer.block}.${what}.${layer.info.layer}` : `${what}.${layer.info.layer}`;
    for (const measure of measures) {
      const { data, dims } = await layerTensor(inspection, layer, measure);
      await add(name(measure), data, [...dims]);
    }
    for (const which of vectors) {
      const { data, dims } = await layerVectors(inspection, layer, which);
      await add(name(which), data, [...dims]);
    }
  }
  await zip.end();
}

const types: Partial<Record<DType, string>> = {
  f4: "float32",
  f8: "float64",
  f2: "float16",
  i8: "int64",
  i4: "int32",
  i2: "int16",
  i1: "int8",
  u1: "uint8",
  b1: "bool",
};

/** Raw inputs from an .npz: each array under its input's name. Big-endian and Fortran-ordered arrays are refused. */
export async function readNpz(file: string): Promise<Record<string, RawInput>> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw fileMissing(file, error instanceof Error ? error.message : String(error));
  });
  const inputs: Record<string, RawInput> = {};
  let entries: Record<string, Uint8Array>;
  try {
    entries = unzipSync(bytes);
  } catch (error) {
    throw badNpz(file, error instanceof Error ? error.message : String(error));
  }
  for (const [name, entry] of Object.entries(entries)) {
    if (!name.endsWith(".npy")) continue;
    const key = name.slice(0, -".npy".length);
    inputs[key] = parseArray(file, key, entry);
  }
  if (Object.keys(inputs).length === 0) throw badNpz(file, "it holds no .npy array");
  return inputs;
}

function parseArray(file: string, key: string, entry: Uint8Array): RawInput {
  let array: ReturnType<typeof parse>;
  try {
    array = parse(entry.slice().buffer, { convertFloat16: false });
  } catch (error) {
    throw badNpz(file, `array "${key}": ${error instanceof Error ? error.message : String(error)}`);
  }
  if (array.fortranOrder && array.shape.length > 1) {
    throw badNpz(file, `array "${key}" is in Fortran order; save numpy.ascontiguousarray of it`);
  }
  const type = types[array.dtype];
  if (type === undefined) throw badNpz(file, `array "${key}" is of type ${array.dtype}`);
  return { dims: array.shape, type, data: array.data };
}
