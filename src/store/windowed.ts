import type { RunWindow } from "../core/run";
import { elementCount, type Tensor } from "../core/tensor";
import { cellsOf, headOf } from "./heads";
import { byteLengthOfTensor, type Headwise } from "./headwise";

/** One window's tensor [nHeads, tokens of the window, tokens of the window] and its place in the whole text. */
export interface WindowPart {
  readonly tensor: Tensor;
  readonly window: RunWindow;
  /** Tokens before the window's first of the text: special tokens that every window has of its own. */
  readonly nBefore: number;
}

/** Windows as one tensor [nHeads, nTokens, nTokens]: each query as its window has it, `outside` where that did not look. */
export class WindowedTensor implements Headwise {
  readonly dims: readonly number[];

  constructor(
    readonly parts: readonly WindowPart[],
    readonly nTokens: number,
    readonly outside: number,
  ) {
    this.dims = [parts[0]?.tensor.dims[0] ?? 0, nTokens, nTokens];
  }

  get byteLength(): number {
    return this.parts.reduce((sum, { tensor }) => sum + byteLengthOfTensor(tensor), 0);
  }

  get data(): Float32Array {
    const [nHeads = 0] = this.dims;
    const size = elementCount(this.dims.slice(1));
    const data = new Float32Array(nHeads * size);
    for (let head = 0; head < nHeads; head++) data.set(this.head(head), head * size);
    return data;
  }

  head(index: number): Float32Array {
    const [, nTokens = 0] = this.dims;
    const data = new Float32Array(nTokens * nTokens).fill(this.outside);
    for (const { tensor, window, nBefore } of this.parts) {
      const [, , width = 0] = tensor.dims;
      const { start, end, queryStart, queryEnd } = window;
      const part = headOf(tensor, index);
      for (let query = queryStart; query < queryEnd; query++) {
        const from = (query - start + nBefore) * width + nBefore;
        data.set(part.subarray(from, from + end - start), query * nTokens + start);
      }
    }
    return data;
  }

  markSeen(seen: Uint8Array): void {
    const [nHeads = 0] = this.dims;
    for (let head = 0; head < nHeads; head++) {
      const data = this.head(head);
      for (let cell = 0; cell < seen.length; cell++) if (data[cell] !== 0) seen[cell] = 1;
    }
  }

  cells(head: number, start: number, length: number, stride: number): Float32Array {
    const [, nTokens = 0] = this.dims;
    const isRow = stride === 1 && start % nTokens === 0 && length === nTokens;
    const isColumn = stride === nTokens && start < nTokens && length === nTokens;
    if (!isRow && !isColumn) {
      const whole = this.head(head);
      return Float32Array.from({ length }, (_, i) => whole[start + i * stride]!);
    }
    const line = new Float32Array(length).fill(this.outside);
    for (const { tensor, window, nBefore } of this.parts) {
      const [, , width = 0] = tensor.dims;
      if (isRow) {
        const query = start / nTokens;
        if (query < window.queryStart || query >= window.queryEnd) continue;
        const from = (query - window.start + nBefore) * width + nBefore;
        line.set(cellsOf(tensor, head, from, window.end - window.start, 1), window.start);
      } else {
        if (start < window.start || start >= window.end) continue;
        const from = (window.queryStart - window.start + nBefore) * width + start - window.start + nBefore;
        const count = window.queryEnd - window.queryStart;
        line.set(cellsOf(tensor, head, from, count, width), window.queryStart);
      }
    }
    return line;
  }
}
