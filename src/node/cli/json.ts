import type { Tensor } from "../../core/tensor";
import { layerTensor, layerVectors, type Inspection } from "./inspection";
import { floatText } from "./numbers";
import type { Write } from "./outputFiles";

/**
 * The summary of a run and, under each layer, what was asked for as nested lists [head][query][key] (vectors
 * [head][position][dHead], rollout and flow [query][key]), for programs without NumPy. JSON has no infinity: masked scores are null.
 */
export async function writeJson(inspection: Inspection, write: Write): Promise<void> {
  const { run, layers, measures, vectors } = inspection;
  await write(`${JSON.stringify({ ...run, blocks: undefined }).slice(0, -1)},"layers":[`);
  for (const [index, layer] of layers.entries()) {
    const info = { block: layer.block, ...layer.info, has: undefined };
    await write(`${index === 0 ? "" : ","}\n${JSON.stringify(info).slice(0, -1)}`);
    for (const measure of measures) {
      await write(`,"${measure}":`);
      await writeNested(await layerTensor(inspection, layer, measure), write);
    }
    for (const which of vectors) {
      await write(`,"${which}":`);
      await writeNested(await layerVectors(inspection, layer, which), write);
    }
    await write("}");
  }
  await write("]}\n");
}

async function writeNested({ dims, data }: Tensor, write: Write): Promise<void> {
  const [nHeads = 0, rows = 0, columns = 0] = dims.length === 2 ? [1, ...dims] : dims;
  const isMatrix = dims.length === 2;
  await write(isMatrix ? "" : "[");
  for (let head = 0; head < nHeads; head++) {
    const lines = Array.from({ length: rows }, (_, row) => {
      const start = (head * rows + row) * columns;
      return `[${Array.from(data.subarray(start, start + columns), jsonNumber).join(",")}]`;
    });
    await write(`${head === 0 ? "" : ","}[${lines.join(",")}]`);
  }
  await write(isMatrix ? "" : "]");
}

function jsonNumber(value: number): string {
  return Number.isFinite(value) ? floatText(value) : "null";
}
