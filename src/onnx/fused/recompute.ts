import type { Additions } from "../additions";
import type { NewAttribute } from "../append";
import type { Scope } from "../dataflow";

/** Adds the nodes of softmax(q·kᵀ·scale + mask), for fused operators that do not hand it over. */
export class Recompute {
  constructor(
    private readonly to: Additions,
    private readonly scope: Scope,
  ) {}

  node(opType: string, inputs: readonly string[], ...attributes: NewAttribute[]): string {
    return this.to.one(this.scope, opType, inputs, attributes);
  }

  float(number: number): string {
    return this.to.constant(this.scope, { type: "float32", dims: [], numbers: [number] });
  }

  ints(...numbers: number[]): string {
    return this.to.constant(this.scope, { type: "int64", dims: [numbers.length], numbers });
  }

  int(number: number): string {
    return this.to.constant(this.scope, { type: "int64", dims: [], numbers: [number] });
  }

  int32(number: number): string {
    return this.cast(this.int(number), 6);
  }

  cast(name: string, code: number): string {
    return this.node("Cast", [name], { name: "to", int: code });
  }

  unsqueeze(name: string, ...axes: number[]): string {
    if (this.to.opset >= 13) return this.node("Unsqueeze", [name, this.ints(...axes)]);
    return this.node("Unsqueeze", [name], { name: "axes", ints: axes });
  }

  transpose(name: string, ...perm: number[]): string {
    return this.node("Transpose", [name], { name: "perm", ints: perm });
  }

  /** Length of one axis, as a scalar. */
  length(name: string, axis: number): string {
    return this.node("Gather", [this.node("Shape", [name]), this.int(axis)], { name: "axis", int: 0 });
  }

  /** [queries, keys], true where the key comes after the query; the last query sees all keys. */
  isLater(scores: string): string {
    const { queries, keys } = this.places(scores);
    return this.node("Less", [queries, keys]);
  }

  /** [queries, keys], true where the key is `window` or more before the query. */
  isBeforeWindow(scores: string, window: number): string {
    const { queries, keys } = this.places(scores);
    return this.node("Less", [keys, this.node("Sub", [queries, this.int(window - 1)])]);
  }

  /** Places of queries [queries, 1] and of keys [1, keys], counted over all keys. */
  private places(scores: string): { queries: string; keys: string } {
    const nKeys = this.length(scores, -1);
    const nQueries = this.length(scores, -2);
    const rows = this.node("Range", [this.int(0), nQueries, this.int(1)]);
    const shifted = this.node("Add", [rows, this.node("Sub", [nKeys, nQueries])]);
    const columns = this.node("Range", [this.int(0), nKeys, this.int(1)]);
    return { queries: this.unsqueeze(shifted, 1), keys: this.unsqueeze(columns, 0) };
  }
}

/** The lowest float32: what ONNX Runtime gives to keys that a causal query may not see. */
export const LOWEST_FLOAT = -3.4028234663852886e38;
