import type { NamedArray } from "../../src/protocol/npz";
import type { HeadStatistics } from "../../src/protocol/slices";
import { statisticNames } from "../views/heads/headsOrder";

/** `layer` and `head` [heads], and each statistic under its name [heads], NaN where a head has none. */
export function statisticArrays(all: readonly HeadStatistics[]): NamedArray[] {
  const dims = [all.length];
  return [
    { name: "layer", dims, data: Int32Array.from(all, ({ address }) => address.layer) },
    { name: "head", dims, data: Int32Array.from(all, ({ address }) => address.head) },
    ...statisticNames(all).map((name) => ({
      name,
      dims,
      data: Float32Array.from(all, ({ values }) => values[name] ?? NaN),
    })),
  ];
}
