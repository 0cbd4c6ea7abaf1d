import { headNotKept } from "../core/errors";
import { elementCount, type Tensor } from "../core/tensor";
import { weightsOfCodes } from "../core/weightCodes";

/** A tensor [nHeads, nQueries, nKeys] whose heads are made when asked for; `data` makes all of them. */
export interface Headwise extends Tensor {
  /** Of what is kept, not of what `data` would make. */
  readonly byteLength: number;
  /** [nQueries, nKeys], not to be written to. */
  head(index: number): Float32Array;
  /** `length` cells of a head from `start`, `stride` apart. */
  cells(head: number, start: number, length: number, stride: number): Float32Array;
  /** Marks the cells [nQueries, nKeys] in which a kept head is not 0. */
  markSeen(seen: Uint8Array): void;
}

export function isHeadwise(tensor: Tensor): tensor is Headwise {
  return "cells" in tensor;
}

/** Bytes that a tensor keeps. */
export function byteLengthOfTensor(tensor: Tensor): number {
  return isHeadwise(tensor) ? tensor.byteLength : tensor.data.byteLength;
}

/** Codes of max-pooled weights (see onnx/selective.ts): [nHeads, rows, columns], and [rows, columns] of the heads' mean. */
export interface PooledCodes {
  readonly rows: number;
  readonly columns: number;
  readonly heads: Uint8Array;
  readonly mean: Uint8Array;
}

/** What HeldHeads keeps, by head. */
export interface HeldParts {
  readonly codes: ReadonlyMap<number, Uint8Array>;
  readonly exact: ReadonlyMap<number, Float32Array>;
  readonly pooled?: PooledCodes;
}

/** Heads of one layer in the forms in which they were fetched: codes, or float32, or not at all. */
export class HeldHeads implements Headwise {
  readonly #codes = new Map<number, Uint8Array>();
  readonly #exact = new Map<number, Float32Array>();

  constructor(
    readonly dims: readonly number[],
    readonly pooled?: PooledCodes,
  ) {}

  static of(dims: readonly number[], { codes, exact, pooled }: HeldParts): HeldHeads {
    const held = new HeldHeads(dims, pooled);
    for (const [head, data] of codes) held.holdCodes(head, data);
    for (const [head, data] of exact) held.holdExact(head, data);
    return held;
  }

  get parts(): HeldParts {
    return { codes: this.#codes, exact: this.#exact, ...(this.pooled && { pooled: this.pooled }) };
  }

  get byteLength(): number {
    let bytes = this.pooled ? this.pooled.heads.byteLength + this.pooled.mean.byteLength : 0;
    for (const kept of [this.#codes, this.#exact]) {
      for (const data of kept.values()) bytes += data.byteLength;
    }
    return bytes;
  }

  get data(): Float32Array {
    const [nHeads = 0] = this.dims;
    const size = this.#headSize;
    const data = new Float32Array(nHeads * size);
    for (let head = 0; head < nHeads; head++) data.set(this.cells(head, 0, size, 1), head * size);
    return data;
  }

  has(head: number): boolean {
    return this.#codes.has(head) || this.#exact.has(head);
  }

  holdCodes(head: number, codes: Uint8Array): void {
    this.#codes.set(head, codes);
  }

  holdExact(head: number, data: Float32Array): void {
    this.#exact.set(head, data);
  }

  markSeen(seen: Uint8Array): void {
    for (const kept of [...this.#codes.values(), ...this.#exact.values()]) {
      for (let cell = 0; cell < seen.length; cell++) if (kept[cell] !== 0) seen[cell] = 1;
    }
  }

  /** Lets go of all heads; what was pooled stays. */
  drop(): void {
    this.#codes.clear();
    this.#exact.clear();
  }

  head(index: number): Float32Array {
    const exact = this.#exact.get(index);
    if (exact) return exact;
    const known = lastDecoded.find(({ from, head }) => from === this && head === index);
    if (known) return known.data;
    const data = this.cells(index, 0, this.#headSize, 1);
    lastDecoded = [{ from: this, head: index, data }, ...lastDecoded.slice(0, KEPT_DECODED - 1)];
    return data;
  }

  cells(head: number, start: number, length: number, stride: number): Float32Array {
    const exact = this.#exact.get(head);
    if (exact) {
      if (stride === 1) return exact.slice(start, start + length);
      return Float32Array.from({ length }, (_, i) => exact[start + i * stride]!);
    }
    const codes = this.#codes.get(head);
    if (!codes) throw headNotKept(head);
    return weightsOfCodes(codes, start, length, stride);
  }

  get #headSize(): number {
    return elementCount(this.dims.slice(1));
  }
}

/** Two heads are compared at most; zooming asks for the same one again and again. */
const KEPT_DECODED = 2;
let lastDecoded: readonly { from: HeldHeads; head: number; data: Float32Array }[] = [];
