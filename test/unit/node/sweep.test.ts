import { existsSync, readdirSync, readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { zipSync } from "fflate";
import { dump } from "npyjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Verification } from "../../../src/core/verification";
import { scan } from "../../../src/onnx/scan";
import type { ValueInfo } from "../../../src/onnx/graph";
import { sourceOf } from "../onnx/fixtures";
import { madeUp, type MadeUp } from "../onnx/madeUp";
import { readTensorFile } from "../onnx/tensorFile";
import { fixtures, hasFixtures, headlightHere, temporaryFolder } from "./built";

/** What may be said of a graph that cannot be shown; anything else is a failure of Headlight's own. */
const REASONS =
  /^(The runtime (cannot open|could not run) |No attention that could be shown|The input "|The model's input "|.* does not say what goes into)/;

/** Graphs and inputs that nobody on this project made: of PyTorch's exporters, conformance cases of ONNX, test graphs of ONNX Runtime. */
const graphs = hasFixtures
  ? ["models", "onnx-attention", "ort-graphs"].flatMap((folder) => graphsIn(path.join(fixtures, folder)))
  : [];

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => rm(folder, { recursive: true }));

describe.skipIf(!hasFixtures)("headlight verify on graphs of PyTorch, ONNX and ONNX Runtime", () => {
  let shown = 0;

  it.each(graphs.map((file) => path.relative(fixtures, file)))(
    "%s: right, or refused with a reason",
    async (name) => {
      const file = path.join(fixtures, name);
      const inputs = await writeInputs(file);
      const { code, stdout, stderr } = await headlightHere(
        "verify",
        "--model",
        file,
        "--inputs",
        inputs,
        "--json",
      );
      if (code !== 0) return expect(stderr.trim()).toMatch(REASONS);
      const result = JSON.parse(stdout) as Verification & { verdict: string };
      expect(result.verdict).not.toBe("differs");
      for (const { missing, difference, tolerance, nRows } of result.layers) {
        if (missing === undefined) expect(difference).toBeLessThanOrEqual(tolerance);
        else expect(missing.length).toBeGreaterThan(10);
        shown += Math.min(1, nRows);
      }
    },
  );

  it("shows the greater part of them", () => {
    expect(shown).toBeGreaterThan(graphs.length / 2);
  });
});

function graphsIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".onnx"))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

/** The inputs that lie beside the graph, else made up. */
async function writeInputs(file: string): Promise<string> {
  const bytes = new Uint8Array(readFileSync(file));
  const { graph } = await scan(sourceOf(bytes));
  const inputs = graph.inputs.filter(({ name }) => !graph.initializers.has(name));
  const entries = inputs.map(
    (input, index) => [`${input.name}.npy`, npy(inputFor(file, input, index))] as const,
  );
  const target = path.join(folder, "inputs.npz");
  await writeFile(target, zipSync(Object.fromEntries(entries)));
  return target;
}

function inputFor(file: string, { name, type, dims = [] }: ValueInfo, index: number): MadeUp {
  const reference = path.join(path.dirname(file), "..", "reference_attentions.json");
  if (existsSync(reference)) return fromReference(reference, name, type);
  const stored = path.join(path.dirname(file), "test_data_set_0", `input_${index}.pb`);
  if (!existsSync(stored)) return madeUp({ type, dims });
  const { tensor } = readTensorFile(new Uint8Array(readFileSync(stored)));
  return { type: tensor.type, dims: [...tensor.dims], data: tensor.data as MadeUp["data"] };
}

/** The first sequence of the first record that PyTorch was given. */
function fromReference(file: string, name: string, type: string): MadeUp {
  const [record] = JSON.parse(readFileSync(file, "utf8")) as { inputs: Record<string, unknown[]> }[];
  const first = [record!.inputs[name]![0]];
  const dims: number[] = [];
  for (let at: unknown = first; Array.isArray(at); at = at[0]) dims.push(at.length);
  const numbers = first.flat(Infinity) as number[];
  return type === "int64"
    ? { type, dims, data: BigInt64Array.from(numbers, BigInt) }
    : { type: "float32", dims, data: Float32Array.from(numbers) };
}

function npy({ type, dims, data }: MadeUp): Uint8Array {
  const float16 = type === "float16" && data instanceof Uint16Array;
  const numbers = float16 ? widened(data) : data;
  return new Uint8Array(dump(numbers as Float32Array, dims));
}

/** float16 bits as float32, which the command line narrows again: exact both ways. */
function widened(bits: Uint16Array): Float32Array {
  return Float32Array.from(bits, (one) => {
    const [sign, exponent, fraction] = [one >> 15 ? -1 : 1, (one >> 10) & 31, one & 1023];
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });
}
