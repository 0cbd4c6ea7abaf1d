import { describe, expect, it } from "vitest";
import { roundedTo8Bits } from "../../../src/core/quantise";

const rounded = (...numbers: number[]) =>
  [...roundedTo8Bits({ dims: [numbers.length], data: Float32Array.from(numbers) }).data].map(
    (x) => +x.toFixed(6),
  );

describe("rounding to 8 bits", () => {
  // The example of the operator's own specification (onnx/onnx, DynamicQuantizeLinear): [153, 255, 0, 26, 221, 179]
  // in steps of 0.0196078438 with zero at 153.
  it("gives what the specification's example gives", () => {
    const found = rounded(0, 2, -3, -2.5, 1.34, 0.5);
    const expected = [153, 255, 0, 26, 221, 179].map((code) => +((code - 153) * 0.0196078438).toFixed(6));
    found.forEach((number, index) => expect(number).toBeCloseTo(expected[index]!, 5));
  });

  it("leaves nothing but zeros alone", () => {
    expect(rounded(0, 0)).toEqual([0, 0]);
  });
});
