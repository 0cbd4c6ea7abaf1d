import { groupingOf, groupMatrix, groupVisibility } from "../core/groupMatrix";
import { marginalsOf } from "../core/marginals";
import { blockRule, maskRule } from "../core/maskRule";
import { blockCount, maxPoolBlocks, type Window } from "../core/pooling";
import { findBlock, tokensOf, type HeadChoice } from "../core/run";
import { isPlain, layOutTokens, type TokenGroup } from "../core/tokenLayout";
import type { MatrixQuery } from "../protocol/slices";
import { layersOf, matrixOf, tensorOf } from "./heads";
import { visibleKeys } from "./layerMask";
import type { StoredLayer, StoredRun } from "./storedRun";

/** A choice's matrix with its tokens laid out: [nRows, nColumns]. */
export interface ShownMatrix {
  readonly nRows: number;
  readonly nColumns: number;
  readonly data: Float32Array;
  /** Absent where rows and columns are the tokens themselves. */
  readonly groups?: { readonly queries: readonly TokenGroup[]; readonly keys: readonly TokenGroup[] };
}

type ShownQuery = Pick<MatrixQuery, "choice" | "measure" | "layout">;

/** As many layouts as one view looks at while a person switches between two heads. */
const KEPT = 2;
const known = new WeakMap<StoredRun, Map<string, ShownMatrix>>();

export function shownMatrix(run: StoredRun, { choice, measure, layout }: ShownQuery): ShownMatrix {
  const { dims, data } = matrixOf(run, choice, measure);
  const [nQueries = 0, nKeys = 0] = dims;
  if (!layout || isPlain(layout)) return { nRows: nQueries, nColumns: nKeys, data };
  return keep(known, run, JSON.stringify([choice, measure, layout]), KEPT, () => {
    const block = findBlock(run.summary, choice.block);
    const isSelf = block?.queries === block?.keys;
    const received =
      layout.order === "received"
        ? marginalsOf(matrixOf(run, choice, "weights").data, nQueries, nKeys).columnSums
        : undefined;
    const side = (axis: "queries" | "keys") =>
      layOutTokens(
        tokensOf(run.summary, block?.[axis] ?? "source"),
        layout,
        axis,
        isSelf || axis === "keys" ? received : undefined,
      );
    const [queries, keys] = [side("queries"), side("keys")];
    return {
      nRows: queries.length,
      nColumns: keys.length,
      data: groupMatrix(data, nKeys, queries, keys, groupingOf(measure)),
      groups: { queries, keys },
    };
  });
}

/** Which cells of a pooled window are visible, [rows, columns] bytes. */
export function pooledVisible(
  run: StoredRun,
  { choice }: Pick<MatrixQuery, "choice">,
  shown: ShownMatrix,
  window: Window,
  tokensPerCell: number,
): Uint8Array {
  const layer = maskedLayer(run, choice);
  const rule = blockRule(layer.info.mask);
  if (rule && !shown.groups) return ruledBlocks(rule, window, tokensPerCell);
  const cells = shown.groups ? groupedVisible(run, layer, shown) : readVisible(run, layer);
  return maxPoolBlocks(cells, shown.nColumns, window, tokensPerCell);
}

/** The layer by whose mask a choice is shown: its own, the first where it covers all. */
function maskedLayer(run: StoredRun, { block, layer }: HeadChoice): StoredLayer {
  const layers = layersOf(run, block);
  return layers.find(({ info }) => info.layer === layer) ?? layers[0]!;
}

function ruledBlocks(
  rule: NonNullable<ReturnType<typeof blockRule>>,
  { queryStart, queryEnd, keyStart, keyEnd }: Window,
  size: number,
): Uint8Array {
  const columns = blockCount(keyEnd - keyStart, size);
  const visible = new Uint8Array(blockCount(queryEnd - queryStart, size) * columns);
  for (let at = 0; at < visible.length; at++) {
    const query = queryStart + Math.floor(at / columns) * size;
    const key = keyStart + (at % columns) * size;
    const seen = rule(query, Math.min(queryEnd, query + size), key, Math.min(keyEnd, key + size));
    visible[at] = seen ? 1 : 0;
  }
  return visible;
}

const read = new WeakMap<StoredRun, Map<string, Uint8Array>>();

function readVisible(run: StoredRun, layer: StoredLayer): Uint8Array {
  return keep(read, run, `${layer.block} ${layer.info.layer}`, KEPT, () =>
    layer.info.mask.kind === "unknown"
      ? new Uint8Array(layer.info.nQueries * layer.info.nKeys).fill(1)
      : visibleKeys(tensorOf(layer, "weights"), layer.info.mask),
  );
}

const grouped = new WeakMap<ShownMatrix, Uint8Array>();

function groupedVisible(run: StoredRun, layer: StoredLayer, shown: ShownMatrix): Uint8Array {
  const { nKeys, mask } = layer.info;
  const rule = maskRule(mask);
  const cells = rule || grouped.has(shown) ? undefined : readVisible(run, layer);
  const isVisible = rule ?? ((query: number, key: number) => cells![query * nKeys + key] === 1);
  const { queries, keys } = shown.groups!;
  const found = grouped.get(shown) ?? groupVisibility(isVisible, queries, keys);
  grouped.set(shown, found);
  return found;
}

/** The last `most` answers for a run, newest last. */
function keep<T>(
  all: WeakMap<StoredRun, Map<string, T>>,
  run: StoredRun,
  key: string,
  most: number,
  make: () => T,
): T {
  const kept = all.get(run) ?? new Map<string, T>();
  all.set(run, kept);
  const found = kept.get(key) ?? make();
  kept.delete(key);
  kept.set(key, found);
  for (const old of [...kept.keys()].slice(0, -most)) kept.delete(old);
  return found;
}
