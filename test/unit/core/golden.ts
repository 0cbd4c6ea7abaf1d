import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { elementCount, tensor, type Tensor } from "../../../src/core/tensor";

export type Nested = number | "-inf" | readonly Nested[];

/** A file of test/golden/core, as make_golden.py there wrote it. */
export function golden<T>(name: string): T {
  return JSON.parse(readFileSync(join(__dirname, "../../golden/core", `${name}.json`), "utf8")) as T;
}

/** Nested rows as a tensor. */
export function toTensor(nested: Nested): Tensor {
  const dims: number[] = [];
  for (let level: Nested | undefined = nested; Array.isArray(level); level = level[0])
    dims.push(level.length);
  const flat = (Array.isArray(nested) ? nested.flat(8) : [nested]) as (number | "-inf")[];
  if (flat.length !== elementCount(dims)) throw new RangeError("Rows of unequal length");
  return tensor(
    dims,
    Float32Array.from(flat, (value) => (value === "-inf" ? -Infinity : value)),
  );
}

/** Equal shape, and each number within `tolerance`. */
export function expectClose(actual: Tensor | undefined, expected: Nested, tolerance = 1e-6): void {
  const wanted = toTensor(expected);
  expect(actual?.dims).toEqual(wanted.dims);
  wanted.data.forEach((value, i) => {
    const difference = Object.is(actual!.data[i], value) ? 0 : Math.abs(actual!.data[i]! - value);
    if (!(difference <= tolerance)) expect.fail(`[${i}] is ${actual!.data[i]}, not ${value}`);
  });
}
