import type { LayerTensor, RunSummary } from "../core/run";
import type { Tensor } from "../core/tensor";
import { HeldHeads, type HeldParts } from "./headwise";
import type { StoredLayer, StoredRun } from "./storedRun";
import { WindowedTensor, type WindowPart } from "./windowed";

/** A run without classes, as one thread hands it to another. */
export interface PackedRun extends Omit<StoredRun, "layers"> {
  readonly layers: readonly PackedLayer[];
}

interface PackedLayer extends Omit<StoredLayer, "tensors"> {
  readonly tensors: ReadonlyMap<LayerTensor, PackedTensor>;
}

type PackedTensor =
  | { readonly kind: "plain"; readonly tensor: Tensor }
  | { readonly kind: "held"; readonly dims: readonly number[]; readonly held: HeldParts }
  | {
      readonly kind: "windowed";
      readonly parts: readonly (Omit<WindowPart, "tensor"> & { readonly tensor: PackedTensor })[];
      readonly nTokens: number;
      readonly outside: number;
    };

/** The run's own arrays, not copies: whoever packs it lets go of it. */
export function packRun(run: StoredRun): PackedRun {
  return { ...run, layers: run.layers.map((layer) => ({ ...layer, tensors: mapped(layer.tensors, pack) })) };
}

export function unpackRun(packed: PackedRun): StoredRun {
  const layers = packed.layers.map((layer) => ({ ...layer, tensors: mapped(layer.tensors, unpack) }));
  return { ...packed, layers, summary: withInfoOf(packed.summary, layers) };
}

/** The summary describes the same layers: one object each, as where the run was made. */
function withInfoOf(summary: RunSummary, layers: readonly StoredLayer[]): RunSummary {
  const infoOf = (block: string, number: number) =>
    layers.find((layer) => layer.block === block && layer.info.layer === number)?.info;
  const blocks = summary.blocks.map((block) => ({
    ...block,
    layers: block.layers.map((info) => infoOf(block.kind, info.layer) ?? info),
  }));
  return { ...summary, blocks };
}

function pack(tensor: Tensor): PackedTensor {
  if (tensor instanceof HeldHeads) return { kind: "held", dims: tensor.dims, held: tensor.parts };
  if (tensor instanceof WindowedTensor) {
    const { parts, nTokens, outside } = tensor;
    const packed = parts.map((part) => ({ ...part, tensor: pack(part.tensor) }));
    return { kind: "windowed", parts: packed, nTokens, outside };
  }
  return { kind: "plain", tensor };
}

function unpack(packed: PackedTensor): Tensor {
  switch (packed.kind) {
    case "plain":
      return packed.tensor;
    case "held":
      return HeldHeads.of(packed.dims, packed.held);
    case "windowed": {
      const parts = packed.parts.map((part) => ({ ...part, tensor: unpack(part.tensor) }));
      return new WindowedTensor(parts, packed.nTokens, packed.outside);
    }
  }
}

/** The buffers behind all arrays in what is sent, each once: moved, not copied. */
export function buffersIn(value: unknown): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  const seen = new Set<object>();
  const visit = (part: unknown): void => {
    if (typeof part !== "object" || part === null || seen.has(part)) return;
    seen.add(part);
    if (ArrayBuffer.isView(part)) {
      if (part.buffer instanceof ArrayBuffer) buffers.add(part.buffer);
    } else if (part instanceof Map) {
      for (const each of part.values()) visit(each);
    } else for (const each of Object.values(part)) visit(each);
  };
  visit(value);
  return [...buffers];
}

function mapped<K, A, B>(from: ReadonlyMap<K, A>, make: (value: A) => B): Map<K, B> {
  return new Map([...from].map(([key, value]) => [key, make(value)]));
}
