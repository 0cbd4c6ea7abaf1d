import type { Tensor } from "../core/tensor";
import type { FoundAttention } from "./attention";
import type { PositionReport } from "./instrumented";
import type { Known } from "./known";
import { positionsInAttention } from "./positionsInAttention";
import { positionTable } from "./positionTables";
import { rotaryPairs } from "./rotaryPairs";
import type { ByteSource } from "./wire";

/** How a graph marks positions, with the first rows of its table where it lies in the file. */
export interface FoundPositions {
  readonly report: PositionReport;
  /** Learned or sinusoidal: [nPositions, dModel], the first rows. */
  readonly table?: Tensor;
}

/** By dataflow, never by names: what happens to queries, keys and scores goes before what is added to embeddings. */
export async function findPositions(
  known: Known,
  found: readonly FoundAttention[],
  reader: ByteSource,
): Promise<FoundPositions> {
  const inside = await positionsInAttention(found, known, reader);
  if (inside?.scheme === "rope") {
    const pairs = rotaryPairs(found, known);
    return { report: { ...inside, parameters: { ...inside.parameters, ...(pairs && { pairs }) } } };
  }
  if (inside) return { report: inside };
  const table = await positionTable(known, reader);
  return table ?? { report: { scheme: found.length > 0 ? "none" : "unknown", parameters: {} } };
}
