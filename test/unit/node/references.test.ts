import { readFileSync, readdirSync, existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { unzipSync, zipSync } from "fflate";
import { dump, parse } from "npyjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { main } from "../../../src/node/cli/main";
import { build, fixtures, hasFixtures, headlight, home, temporaryFolder } from "./built";

interface Reference {
  /** Nested lists, one for each sequence of the batch. */
  readonly inputs: Readonly<Record<string, unknown[]>>;
  readonly [attentions: string]: unknown;
}

/** Names of the reference's tensors and the prefix of the command line's keys. */
const tensors = [
  ["attentions", ""],
  ["encoder_attentions", "encoder."],
  ["decoder_attentions", "decoder."],
  ["cross_attentions", "cross."],
] as const;

const models = hasFixtures
  ? readdirSync(path.join(fixtures, "models")).filter((name) => existsSync(referenceOf(name)))
  : [];

function referenceOf(name: string): string {
  return path.join(fixtures, "models", name, "reference_attentions.json");
}

let folder: string;
beforeAll(async () => {
  build();
  folder = await temporaryFolder();
});
afterAll(() => rm(folder, { recursive: true }));

/** One sequence of a record's batch as an .npz of the model's inputs. */
async function writeInputs(inputs: Reference["inputs"], index: number): Promise<string> {
  const entries: Record<string, Uint8Array> = {};
  for (const [name, batch] of Object.entries(inputs)) {
    const shape = [1];
    const flat = flatten(batch[index], shape);
    const isFloat = name === "pixel_values";
    const data = isFloat ? Float32Array.from(flat) : BigInt64Array.from(flat, BigInt);
    entries[`${name}.npy`] = new Uint8Array(dump(data, shape));
  }
  const file = path.join(folder, "inputs.npz");
  await writeFile(file, zipSync(entries));
  return file;
}

/** Numbers of nested lists in order; their lengths are added to `shape`. */
function flatten(nested: unknown, shape: number[], depth = 0): number[] {
  if (!Array.isArray(nested)) return [nested as number];
  if (shape.length === depth + 1) shape.push(nested.length);
  return nested.flatMap((inner: unknown) => flatten(inner, shape, depth + 1));
}

async function readArrays(file: string): Promise<Record<string, { data: Float32Array; shape: number[] }>> {
  const arrays: Record<string, { data: Float32Array; shape: number[] }> = {};
  for (const [name, bytes] of Object.entries(unzipSync(await readFile(file)))) {
    const { data, shape } = parse(bytes.slice().buffer);
    arrays[name.replace(/\.npy$/, "")] = { data: data as Float32Array, shape };
  }
  return arrays;
}

// What PyTorch itself returned for these models, recorded with the fixtures.
describe.skipIf(!hasFixtures)("headlight inspect against PyTorch's attentions", () => {
  it.each(models)("%s: every layer of every record to 1e-4", { timeout: 180_000 }, async (name) => {
    const out = path.join(folder, `${name}.npz`);
    let compared = 0;
    for (const [record, index] of sequencesOf(name)) {
      const inputs = await writeInputs(record.inputs, index);
      // The command line in this process: a process for each would spend its time on starting.
      expect(await main(["inspect", "--model", modelOf(name), "--inputs", inputs, "--out", out], home)).toBe(
        0,
      );
      compared += compare(record, index, await readArrays(out));
    }
    expect(compared).toBeGreaterThan(0);
  });

  it.each(["gpt2-eager-ts-opset14", "llama-stories260K-eager-ts-opset17"])(
    "%s: as a person runs it, with ids on the command line",
    async (name) => {
      const out = path.join(folder, `${name}.npz`);
      const [record] = sequencesOf(name)[0]!;
      const ids = (record.inputs.input_ids![0] as number[]).join(",");
      expect(await headlight("inspect", "--model", modelOf(name), "--ids", ids, "--out", out)).toEqual({
        code: 0,
        stdout: "",
        stderr: "",
      });
      expect(compare(record, 0, await readArrays(out))).toBeGreaterThan(1);
    },
  );
});

function modelOf(name: string): string {
  return path.join(fixtures, "models", name);
}

/** Every sequence of every record, by its place in the batch. */
function sequencesOf(name: string): [Reference, number][] {
  const records = JSON.parse(readFileSync(referenceOf(name), "utf8")) as Reference[];
  return records.flatMap((record) =>
    Object.values(record.inputs)[0]!.map((_, index): [Reference, number] => [record, index]),
  );
}

/** Layers compared; fails at the first weight that is off. */
function compare(record: Reference, index: number, arrays: Awaited<ReturnType<typeof readArrays>>): number {
  let compared = 0;
  for (const [key, prefix] of tensors) {
    const layers = (record[key] ?? []) as number[][][][][];
    layers.forEach((batch, layer) => {
      const expected = batch[index]!;
      const { data, shape } = arrays[`${prefix}weights.${layer}`]!;
      expect(shape).toEqual([expected.length, expected[0]!.length, expected[0]![0]!.length]);
      const flat = expected.flat(2);
      let worst = 0;
      for (let i = 0; i < flat.length; i++) worst = Math.max(worst, Math.abs(data[i]! - flat[i]!));
      expect(worst, `${prefix}layer ${layer}`).toBeLessThan(1e-4);
      compared++;
    });
  }
  return compared;
}
