import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { BlockKind, BlockOfRun, ModelSummary, RunSummary } from "../../src/core/run";
import type { Token } from "../../src/core/token";
import type { StandaloneRun, StandaloneTensor } from "../../src/protocol/standalone";

const fixtures = path.resolve(import.meta.dirname, "../../../shared/fixtures/models");

export function hasReference(model: string): boolean {
  return existsSync(path.join(fixtures, model, "reference_attentions.json"));
}

type Nested = number[][][][][];
interface Reference {
  inputs: { input_ids: number[][]; decoder_input_ids?: number[][] };
  attentions?: Nested;
  encoder_attentions?: Nested;
  decoder_attentions?: Nested;
  cross_attentions?: Nested;
}

/** A run as PyTorch computed it (`reference_attentions.json`, inputs number `index`): weights only. */
export function referenceRun(model: string, kind: ModelSummary["kind"], index = 0): StandaloneRun {
  const folder = path.join(fixtures, model);
  const read = (name: string): unknown => JSON.parse(readFileSync(path.join(folder, name), "utf8"));
  const reference = (read("reference_attentions.json") as Reference[])[index]!;
  const pieces = vocabulary(read("tokenizer.json"));
  const tensors: StandaloneTensor[] = [];
  const blocks: BlockOfRun[] = [];
  const add = (block: BlockKind, layers: Nested | undefined) => {
    if (!layers) return;
    const built = layers.map(([heads], layer) => {
      const dims = [heads!.length, heads![0]!.length, heads![0]![0]!.length];
      tensors.push({ block, layer, what: "weights", dims, data: Float32Array.from(heads!.flat(2)) });
      return {
        layer,
        nHeads: dims[0]!,
        nKeyHeads: dims[0]!,
        nQueries: dims[1]!,
        nKeys: dims[2]!,
        mask: { kind: block === "decoder" ? ("causal" as const) : ("none" as const) },
        has: ["weights" as const],
      };
    });
    const side = kind === "encoder-decoder" && block !== "encoder" ? "target" : "source";
    blocks.push({ kind: block, queries: side, keys: block === "cross" ? "source" : side, layers: built });
  };
  add(kind === "encoder" ? "encoder" : "decoder", reference.attentions);
  add("encoder", reference.encoder_attentions);
  add("decoder", reference.decoder_attentions);
  add("cross", reference.cross_attentions);
  const tokens = reference.inputs.input_ids[0]!.map((id) => tokenOf(id, pieces));
  const run: RunSummary = {
    runId: `${model}-${index}`,
    model: {
      id: model,
      name: model,
      source: "folder",
      kind,
      nLayers: blocks[0]!.layers.length,
      nHeads: blocks[0]!.layers[0]!.nHeads,
      hasTokenizer: true,
    },
    text: tokens.map(({ text }) => text).join(""),
    tokens,
    targetTokens: reference.inputs.decoder_input_ids?.[0]!.map((id) => tokenOf(id, pieces)),
    blocks,
    backend: { name: "wasm", threads: 2 },
    durations: { loadMs: 0, tokenizeMs: 0, runMs: 0, totalMs: 0 },
    notices: [],
    hasPredictions: false,
  };
  return { run, tensors, predictions: [] };
}

/** Spaces as byte-level BPE and SentencePiece spell them. */
function tokenOf(id: number, pieces: Map<number, string>): Token {
  const piece = pieces.get(id) ?? `<${id}>`;
  const text = piece.replaceAll(/[Ġ▁]/g, " ").replaceAll("Ċ", "\n");
  return { id, piece, text, start: -1, end: -1, special: /^(<.*>|\[.*\])$/.test(piece) };
}

function vocabulary(tokenizer: unknown): Map<number, string> {
  const { model, added_tokens } = tokenizer as {
    model: { vocab: Record<string, number> | [string, number][] };
    added_tokens?: { id: number; content: string }[];
  };
  const entries: [number, string][] = Array.isArray(model.vocab)
    ? model.vocab.map(([piece], id) => [id, piece])
    : Object.entries(model.vocab).map(([piece, id]) => [id, piece]);
  return new Map([
    ...entries,
    ...(added_tokens ?? []).map(({ id, content }): [number, string] => [id, content]),
  ]);
}
