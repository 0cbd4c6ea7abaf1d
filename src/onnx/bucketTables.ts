import type { BlockKind } from "../core/run";
import type { Tensor } from "../core/tensor";
import type { Placed } from "./blocks";
import { storedTensor } from "./constants";
import type { Value } from "./dataflow";
import { behind } from "./mask";
import { readRows } from "./storedRows";
import type { ByteSource } from "./wire";

/** The relative biases of one block, as T5 learns them: one table for the encoder, one for the decoder. */
export interface BucketTable {
  readonly block: BlockKind;
  /** [nBuckets, nHeads]; absent where it lies in another file. */
  readonly bias?: Tensor;
  /** Whether ahead and behind are told apart; a decoder's buckets count backwards only (Raffel et al. 2020, §2.1). */
  readonly bidirectional: boolean;
}

/** Looks, behind what is added to the scores of each block, for a table as wide as there are heads that distances choose from. */
export async function bucketTables(placed: readonly Placed[], reader: ByteSource): Promise<BucketTable[]> {
  const tables: BucketTable[] = [];
  for (const { attention, block } of placed) {
    if (tables.some((table) => table.block === block)) continue;
    for (const value of attention.biases.flatMap((bias) => behind(bias))) {
      const op = value.producer;
      const [data, index] = op?.node.opType === "Gather" ? op.inputs : [];
      const stored = data && storedTensor(data);
      if (!index || stored?.dims.length !== 2 || stored.dims[1] !== attention.nHeads) continue;
      const bias = await readRows(stored, reader);
      tables.push({ block, ...(bias && { bias }), bidirectional: takesSize(index) });
      break;
    }
  }
  return tables;
}

/** A bucket of a distance in both directions is made from its size, |distance|. */
function takesSize(index: Value): boolean {
  return behind(index).some(({ producer }) => producer?.node.opType === "Abs");
}
