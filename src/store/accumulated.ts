import type { HeadChoice } from "../core/run";
import type { ShownMeasure } from "../core/measures/measure";
import { elementCount, type Tensor } from "../core/tensor";
import { combinedKey, headOf } from "./heads";
import type { StoredRun } from "./storedRun";

/** The mean or maximum over heads that come layer after layer: [nQueries, nKeys]. */
export class Accumulation {
  #data: Float32Array | undefined;
  #nHeads = 0;

  constructor(private readonly how: "mean" | "max") {}

  /** All heads of one layer, [nHeads, nQueries, nKeys]. */
  add(tensor: Tensor): void {
    const { dims } = tensor;
    const [nHeads = 0] = dims;
    const data = (this.#data ??= new Float32Array(elementCount(dims.slice(1))).fill(
      this.how === "mean" ? 0 : -Infinity,
    ));
    for (let head = 0; head < nHeads; head++, this.#nHeads++) {
      const cells = headOf(tensor, head);
      if (this.how === "mean") for (let i = 0; i < data.length; i++) data[i]! += cells[i]!;
      else
        for (let i = 0; i < data.length; i++) {
          if (!(cells[i]! <= data[i]!)) data[i] = cells[i]!;
        }
    }
  }

  /** Keeps what was added with the run, where `matrixOf` and `vectorOf` find it. */
  keep(run: StoredRun, choice: HeadChoice, measure: ShownMeasure): void {
    const data = this.#data ?? new Float32Array(0);
    if (this.how === "mean") for (let i = 0; i < data.length; i++) data[i]! /= this.#nHeads;
    run.combined.set(combinedKey(choice, measure), data);
  }
}
