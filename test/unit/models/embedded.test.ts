import { existsSync, readFileSync, readdirSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import path from "node:path";
import { unzipSync } from "fflate";
import { parse } from "npyjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseCard } from "../../../src/model/card";
import { main } from "../../../src/node/cli/main";
import { build, home, temporaryFolder } from "../node/built";

/** Attention that PyTorch computed from the stored weights, written by training/finish_*.py. */
interface Oracle {
  readonly model: string;
  readonly cases: readonly Case[];
}

interface Case {
  readonly text: string;
  readonly ids: readonly number[];
  readonly targetText?: string;
  readonly targetIds?: readonly number[];
  readonly blocks: Readonly<Partial<Record<"encoder" | "decoder" | "cross", Rows>>>;
}

interface Rows {
  /** Query positions that were kept. */
  readonly rows: readonly number[];
  /** For each layer the base64 of float32 [head, row, key]. */
  readonly weights: readonly string[];
}

/** Above the differences measured, 1e-6 to 2e-5, and below what a picture shows. */
const TOLERANCE = 1e-3;

const oracles = path.join(__dirname, "../../golden/models");
const models = readdirSync(oracles).map((file) => path.basename(file, ".json"));

let folder: string;
beforeAll(async () => {
  build();
  folder = await temporaryFolder();
});
afterAll(() => rm(folder, { recursive: true }));

describe.each(models)("the embedded model %s", (id) => {
  const modelFolder = path.join(home.modelsFolder, id);
  const oracle = JSON.parse(readFileSync(path.join(oracles, `${id}.json`), "utf8")) as Oracle;

  it("gives PyTorch's attention on 20 texts, from the same ids", { timeout: 240_000 }, async () => {
    expect(oracle.cases).toHaveLength(20);
    const out = path.join(folder, `${id}.npz`);
    for (const sample of oracle.cases) {
      const target = sample.targetText === undefined ? [] : ["--target-text", sample.targetText];
      const command = ["inspect", "--model", id, "--text", sample.text, ...target, "--out", out];
      expect(await main(command, home)).toBe(0);
      const arrays = await readArrays(out);
      expect(Array.from(arrays.ids!.data, Number), sample.text).toEqual(sample.ids);
      if (sample.targetIds) expect(Array.from(arrays.target_ids!.data, Number)).toEqual(sample.targetIds);
      expect(largestDifference(sample, arrays), sample.text).toBeLessThan(TOLERANCE);
    }
  });

  it("has a card that agrees with its files", () => {
    const raw: unknown = JSON.parse(readFileSync(path.join(modelFolder, "card.json"), "utf8"));
    const card = parseCard(raw, "card.json");
    expect(card.id).toBe(id);
    expect(card.sizeBytes).toBe(readFileSync(path.join(modelFolder, "model.onnx")).length);
    expect(card.positions).not.toBe("unknown");
    expect(card.samples.length).toBeGreaterThan(2);
    for (const { layer, head, score } of card.headsOfNote) {
      expect(layer).toBeLessThan(card.nLayers);
      expect(head).toBeLessThan(card.nHeads);
      expect(score).toBeGreaterThan(0);
    }
    expect(existsSync(path.join(modelFolder, "tokenizer.json"))).toBe(true);
  });
});

type Arrays = Record<string, { data: ArrayLike<number | bigint>; shape: number[] }>;

async function readArrays(file: string): Promise<Arrays> {
  const arrays: Arrays = {};
  for (const [name, bytes] of Object.entries(unzipSync(await readFile(file)))) {
    const { data, shape } = parse(bytes.slice().buffer);
    arrays[name.replace(/\.npy$/, "")] = { data: data as unknown as ArrayLike<number | bigint>, shape };
  }
  return arrays;
}

/** Over all kept rows; a layer that is missing or has another shape fails. */
function largestDifference({ targetIds, blocks }: Case, arrays: Arrays): number {
  let worst = 0;
  for (const [block, { rows, weights }] of Object.entries(blocks)) {
    weights.forEach((base64, layer) => {
      // Keys carry the block's name only where a model has an encoder and a decoder.
      const array = arrays[`${targetIds ? `${block}.` : ""}weights.${layer}`]!;
      const [heads, queries, keys] = array.shape as [number, number, number];
      const expected = new Float32Array(Uint8Array.from(Buffer.from(base64, "base64")).buffer);
      expect(expected).toHaveLength(heads * rows.length * keys);
      for (let head = 0; head < heads; head++) {
        rows.forEach((query, row) => {
          for (let key = 0; key < keys; key++) {
            const value = Number(array.data[(head * queries + query) * keys + key]);
            worst = Math.max(worst, Math.abs(value - expected[(head * rows.length + row) * keys + key]!));
          }
        });
      }
    });
  }
  return worst;
}
