import { classifyMask, type MaskClass, type Visibility } from "./mask";

/** One rule that a mask is made of, as a mask of its own. */
export interface MaskPart {
  readonly rule: "causal" | "window" | "blocks" | "padding" | "other";
  readonly visibility: Visibility;
}

/**
 * A mask taken apart into its rules: a key is visible where every part shows it. Where no simple rule holds the only part
 * is the mask itself; without any hidden cell there is none.
 */
export function maskParts(mask: Visibility, found: MaskClass = classifyMask(mask)): MaskPart[] {
  const { nQueries, nKeys, visible } = mask;
  const { kind, causal, reach, blockStarts } = found;
  if (kind === "none" || kind === "unknown") return [];
  if (kind === "other") return [{ rule: "other", visibility: mask }];
  const hidden = new Uint8Array(nKeys);
  for (const key of found.hiddenKeys) hidden[key] = 1;
  const offset = Math.max(0, nKeys - nQueries);
  const part = (rule: MaskPart["rule"], allows: (position: number, key: number) => boolean): MaskPart => {
    const own = new Uint8Array(nQueries * nKeys);
    for (let query = 0; query < nQueries; query++) {
      // A padded query follows no rule: what it sees is kept.
      const isFree = rule !== "padding" && nQueries <= nKeys && hidden[query + offset] === 1;
      for (let key = 0; key < nKeys; key++) {
        const cell = query * nKeys + key;
        const shows = isFree ? visible[cell] === 1 || hidden[key] === 1 : allows(query + offset, key);
        own[cell] = shows ? 1 : 0;
      }
    }
    return { rule, visibility: { nQueries, nKeys, visible: own } };
  };
  const blockOf = blocksOf(blockStarts ?? [0], nKeys);
  return [
    ...(causal && kind !== "padding" ? [part("causal", (position, key) => key <= position)] : []),
    ...(kind === "sliding" && reach
      ? [
          part(
            "window",
            (position, key) => key >= position - reach.back && (causal || key <= position + reach.ahead),
          ),
        ]
      : []),
    ...(kind === "block" ? [part("blocks", (position, key) => blockOf[position] === blockOf[key])] : []),
    ...(found.hiddenKeys.length ? [part("padding", (_, key) => hidden[key] === 0)] : []),
  ];
}

function blocksOf(starts: readonly number[], nKeys: number): Int32Array {
  const blocks = new Int32Array(nKeys);
  let block = -1;
  for (let key = 0; key < nKeys; key++) {
    if (starts[block + 1] === key) block++;
    blocks[key] = block;
  }
  return blocks;
}
