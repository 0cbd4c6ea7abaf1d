import type { BlockOfRun, RunWindow } from "../../core/run";
import type { Tensor } from "../../core/tensor";
import { hasSpan, type Token } from "../../core/token";
import { windowsOf } from "../../core/windows";
import { WindowedTensor } from "../../store/windowed";
import type { StoredLayer } from "../../store/storedRun";
import type { Outcome } from "./reducedRun";

/** Special tokens that a tokenizer puts around every text. */
export interface Ends {
  readonly nBefore: number;
  readonly nAfter: number;
}

export function endsOf(tokens: readonly Token[]): Ends {
  const isEnd = (token: Token) => token.special && !hasSpan(token);
  const first = tokens.findIndex((token) => !isEnd(token));
  if (first < 0) return { nBefore: 0, nAfter: 0 };
  const last = tokens.findLastIndex((token) => !isEnd(token));
  return { nBefore: first, nAfter: tokens.length - 1 - last };
}

/** A window as the model reads it: the whole text's special tokens around its own part. */
export function tokensOfWindow(tokens: readonly Token[], { start, end }: RunWindow, ends: Ends): Token[] {
  const before = start === 0 ? [] : tokens.slice(0, ends.nBefore);
  const after = end === tokens.length ? [] : tokens.slice(tokens.length - ends.nAfter);
  return [...before, ...tokens.slice(start, end), ...after];
}

export interface WindowedOutcome extends Outcome {
  readonly windows: readonly RunWindow[];
}

/**
 * Runs a text in overlapping windows of at most `length` tokens and joins them: each query as its window computed it.
 * Weights alone are joined: q, k and v of a token differ from window to window.
 */
export async function runWindows(
  tokens: readonly Token[],
  length: number,
  isCausal: boolean,
  runOne: (tokens: readonly Token[], nWindows: number) => Promise<Outcome>,
): Promise<WindowedOutcome> {
  const ends = endsOf(tokens);
  const windows = windowsOf({ nTokens: tokens.length, length, ...ends, isCausal });
  const outcomes: Outcome[] = [];
  for (const window of windows) {
    outcomes.push(await runOne(tokensOfWindow(tokens, window, ends), windows.length));
  }
  const nBeforeIn = (i: number) => (i === 0 ? 0 : ends.nBefore);
  const [first] = outcomes;
  const layers = (first?.layers ?? []).map((layer): StoredLayer => {
    const parts = outcomes.flatMap((outcome, i) => {
      const twin = outcome.layers.find(
        ({ block, info }) => block === layer.block && info.layer === layer.info.layer,
      );
      const tensor = twin?.tensors.get("weights");
      return tensor ? [{ tensor, window: windows[i]!, nBefore: nBeforeIn(i) }] : [];
    });
    const { mask, missing, layer: number, nHeads, nKeyHeads } = layer.info;
    return {
      block: layer.block,
      tensors: new Map(parts.length > 0 ? [["weights", new WindowedTensor(parts, tokens.length, 0)]] : []),
      info: {
        layer: number,
        nHeads,
        nKeyHeads,
        nQueries: tokens.length,
        nKeys: tokens.length,
        mask: { ...mask, windows },
        has: layer.info.has.filter((what) => what === "weights"),
        ...(missing && { missing }),
      },
    };
  });
  const blocks = (first?.blocks ?? []).map((block): BlockOfRun => ({
    ...block,
    layers: layers.filter((layer) => layer.block === block.kind).map(({ info }) => info),
  }));
  const errors = outcomes.flatMap(({ kept }) => kept?.measuredError ?? []);
  const kept = outcomes.find((outcome) => outcome.kept)?.kept;
  const notices = outcomes.flatMap((outcome) => outcome.notices);
  return {
    windows,
    layers,
    blocks,
    notices: [...new Map(notices.map((notice) => [notice.code, notice])).values()],
    logits: joinedLogits(outcomes, windows, nBeforeIn),
    ...(kept && { kept: { ...kept, ...(errors.length && { measuredError: Math.max(...errors) }) } }),
  };
}

/** [nTokens, vocabulary], each position as its window has it; nothing where a window kept none. */
function joinedLogits(
  outcomes: readonly Outcome[],
  windows: readonly RunWindow[],
  nBeforeIn: (window: number) => number,
): Tensor | undefined {
  const parts = outcomes.map(({ logits }) => logits);
  const [, vocab = 0] = parts[0]?.dims ?? [];
  const nTokens = windows.at(-1)?.queryEnd ?? 0;
  if (parts.some((part) => !part) || vocab === 0) return undefined;
  const data = new Float32Array(nTokens * vocab);
  windows.forEach(({ start, queryStart, queryEnd }, i) => {
    const first = queryStart - start + nBeforeIn(i);
    const rows = parts[i]!.data.subarray(first * vocab, (first + queryEnd - queryStart) * vocab);
    data.set(rows, queryStart * vocab);
  });
  return { dims: [nTokens, vocab], data };
}
