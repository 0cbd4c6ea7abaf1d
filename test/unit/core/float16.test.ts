import { expect, test } from "vitest";
import { fromFloat16, toFloat16 } from "../../../src/core/float16";

/** Bit patterns and values from the table of half-precision examples in IEEE 754 binary16 (Wikipedia, "Half-precision floating-point format"). */
const published: [number, number][] = [
  [0x0000, 0],
  [0x0001, 0.000000059604645],
  [0x03ff, 0.000060975552],
  [0x0400, 0.00006103515625],
  [0x3555, 0.33325195],
  [0x3bff, 0.99951172],
  [0x3c00, 1],
  [0x3c01, 1.00097656],
  [0x7bff, 65504],
  [0x7c00, Infinity],
  [0xc000, -2],
  [0xfc00, -Infinity],
];

test.each(published)("reads and writes the published pattern %i as %f", (bits, value) => {
  expect(fromFloat16(Uint16Array.of(bits))[0]).toBeCloseTo(value, 8);
  expect(toFloat16(Float32Array.of(value))[0]).toBe(bits);
});

test("keeps every one of the 65,536 patterns through a round trip, NaN as NaN", () => {
  const all = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
  const back = toFloat16(fromFloat16(all));
  const changed = all.filter((bits, index) => back[index] !== bits && (bits & 0x7fff) <= 0x7c00);
  expect(changed).toHaveLength(0);
  expect(fromFloat16(back).filter(Number.isNaN)).toHaveLength(2 * 1023);
});

test("rounds to the nearest and ties to even", () => {
  const step = 2 ** -10;
  const numbers = Float32Array.of(1 + step / 2, 1 + (3 * step) / 2, 1 + step * 0.51, 65519, 65520, 2 ** -26);
  expect([...toFloat16(numbers)]).toEqual([0x3c00, 0x3c02, 0x3c01, 0x7bff, 0x7c00, 0]);
});
