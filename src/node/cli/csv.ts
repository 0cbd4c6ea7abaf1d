import { measureColumn } from "../../core/measures/measure";
import { tokensOf, findBlock } from "../../core/run";
import type { Tensor } from "../../core/tensor";
import { layerTensor, type Inspection } from "./inspection";
import { floatText } from "./numbers";
import type { Write } from "./outputFiles";

/**
 * One line for each head, query and key (RFC 4180): block, layer, head, query, key, both tokens, and the measures.
 * Vectors have no place in such a table.
 */
export async function writeCsv(inspection: Inspection, write: Write): Promise<void> {
  const { run, layers, measures } = inspection;
  const names = measures.map(measureColumn);
  await write(`block,layer,head,query,key,query_token,key_token,${names.join(",")}\r\n`);
  for (const layer of layers) {
    const block = findBlock(run, layer.block)!;
    const queryTokens = tokensOf(run, block.queries).map(({ text }) => quoted(text));
    const keyTokens = tokensOf(run, block.keys).map(({ text }) => quoted(text));
    const tensors: Tensor[] = [];
    for (const measure of measures) tensors.push(await layerTensor(inspection, layer, measure));
    const { nHeads, nQueries, nKeys } = layer.info;
    for (let head = 0; head < nHeads; head++) {
      for (let query = 0; query < nQueries; query++) {
        const lines = Array.from({ length: nKeys }, (_, key) => {
          const values = tensors.map(({ dims, data }) => {
            // Rollout and flow are the same for every head of the layer.
            const row = dims.length === 3 ? head * nQueries + query : query;
            return floatText(data[row * nKeys + key]!);
          });
          return [
            layer.block,
            layer.info.layer,
            head,
            query,
            key,
            queryTokens[query],
            keyTokens[key],
            ...values,
          ].join(",");
        });
        await write(`${lines.join("\r\n")}\r\n`);
      }
    }
  }
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
