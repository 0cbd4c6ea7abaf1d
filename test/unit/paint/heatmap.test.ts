import { expect, test } from "vitest";
import { pixelOf } from "../../../src/paint/colour";
import {
  cellColours,
  maskedCell,
  notANumberCell,
  notComputedCell,
  paintCells,
  quantise,
  type Pixels,
} from "../../../src/paint/heatmap";
import { paperPalette } from "../../../src/paint/palette";
import { sequentialRamp } from "../../../src/paint/ramp";
import { place, scaleTicks, scoreScale, valueAt, weightScale } from "../../../src/paint/scale";
import {
  hiddenThumbnailCodes,
  linearCodes,
  thumbnailBytes,
  thumbnailCodes,
} from "../../../src/paint/thumbnail";
import { blockRule, computedRule, maskRule } from "../../../src/core/maskRule";
import { hiddenCodes, pooledVisibility } from "../../../src/paint/visibility";

const ramp = sequentialRamp("theme", paperPalette);
const colours = cellColours(ramp, paperPalette);
const causal = maskRule({ kind: "causal" })!;
const whole = { row: 0, column: 0 };

function paint(
  width: number,
  height: number,
  ...[cells, view]: [Parameters<typeof paintCells>[2], Parameters<typeof paintCells>[3]]
) {
  const pixels: Pixels = { width, height, data: new Uint8ClampedArray(width * height * 4) };
  paintCells(pixels, { x: 0, y: 0, width, height }, cells, view, colours);
  return new Uint32Array(pixels.data.buffer);
}

test("gives each weight its place in the ramp, and masked cells none", () => {
  const cells = quantise(Float32Array.of(1, 0, 0.25, 0.75), 2, 2, weightScale(false), causal);
  expect([...cells.codes]).toEqual([255, maskedCell, 64, 191]);
});

test("spreads small weights on the square-root scale", () => {
  const cells = quantise(Float32Array.of(0, 0.0625, 0.25, 1), 1, 4, weightScale(true), () => true);
  expect([...cells.codes]).toEqual([0, 64, 128, 255]);
});

test("shows NaN and infinities as not a number, but not under the mask", () => {
  const data = Float32Array.of(NaN, -Infinity, Infinity, NaN);
  expect([...quantise(data, 2, 2, weightScale(true), causal).codes]).toEqual([
    notANumberCell,
    maskedCell,
    notANumberCell,
    notANumberCell,
  ]);
});

test("scales scores about 0 by the largest visible finite one", () => {
  const data = Float32Array.of(-2, -3.4e38, Infinity, 1);
  const scale = scoreScale(data, (index) => index !== 1);
  expect(scale.max).toBe(2);
  expect([-2, 0, 2].map((value) => place(scale, value))).toEqual([0, 0.5, 1]);
});

test.each([weightScale(true), weightScale(false), { kind: "signed" as const, max: 3 }])(
  "finds the value back from the place in the ramp (%o)",
  (scale) => {
    for (const value of scaleTicks(scale)) expect(valueAt(scale, place(scale, value))).toBeCloseTo(value, 12);
  },
);

test("never paints a masked cell in the colour of zero", () => {
  const cells = quantise(Float32Array.of(0, 0), 1, 2, weightScale(true), (_, key) => key === 0);
  const pixels = paint(24, 12, cells, { ...whole, cellWidth: 12, cellHeight: 12 });
  const zero = pixelOf(ramp[0]!);
  const masked = Array.from({ length: 144 }, (_, at) => pixels[Math.floor(at / 12) * 24 + 12 + (at % 12)]!);
  expect(pixels[0]).toBe(zero);
  expect(masked).not.toContain(zero);
  expect(new Set(masked).size).toBe(2);
});

test("paints each cell on its own pixels at any zoom and offset", () => {
  const cells = { rows: 2, columns: 3, codes: Uint8Array.of(0, 50, 100, 150, 200, 250) };
  const at = (code: number) => pixelOf(ramp[code]!);
  expect([...paint(3, 2, cells, { ...whole, cellWidth: 1, cellHeight: 1 })]).toEqual(
    [...cells.codes].map(at),
  );
  const zoomed = paint(4, 2, cells, { row: 1, column: 0.5, cellWidth: 2, cellHeight: 2 });
  expect([...zoomed.slice(0, 4)]).toEqual([150, 200, 200, 250].map(at));
});

test("shows the largest of the cells that share a pixel, and what is not a number before all", () => {
  const codes = Uint16Array.of(1, 9, maskedCell, maskedCell, 5, 2, notANumberCell, 255);
  const pixels = paint(2, 1, { rows: 2, columns: 4, codes }, { ...whole, cellWidth: 0.5, cellHeight: 0.5 });
  expect(pixels[0]).toBe(pixelOf(ramp[9]!));
  expect([pixelOf(paperPalette.error), pixelOf(paperPalette.background)]).toContain(pixels[1]);
});

test("pools visibility: a pixel is masked only where all its cells are", () => {
  const visible = pooledVisibility(blockRule({ kind: "causal" })!, 4, 4, 2, 2);
  expect([visible(0, 0), visible(0, 1), visible(1, 0), visible(1, 1)]).toEqual([true, false, true, true]);
});

test("sees a sliding window's keys and no others", () => {
  const visible = maskRule({ kind: "sliding", window: 2 })!;
  expect([0, 1, 2, 3].map((key) => visible(2, key))).toEqual([false, true, true, false]);
  expect(maskRule({ kind: "other" })).toBeUndefined();
});

test("keeps thumbnails, their linear form and their masked cells", () => {
  const bytes = thumbnailBytes(Float32Array.of(1, 0, 0.25, 0.75));
  expect([...bytes]).toEqual([255, 0, 128, 221]);
  expect([...linearCodes(bytes)]).toEqual([255, 0, 64, 192]);
  expect([...thumbnailCodes(bytes, 2, causal)]).toEqual([255, maskedCell, 128, 221]);
});

test("what was not computed looks unlike what is masked, and gives way to it and to weights where they share a pixel", () => {
  const windows = [
    { start: 0, end: 2, queryStart: 0, queryEnd: 2 },
    { start: 1, end: 4, queryStart: 2, queryEnd: 4 },
  ];
  const mask = { kind: "causal", windows } as const;
  const [rule, computed] = [maskRule(mask)!, computedRule(windows)];
  const isComputed = (query: number, key: number) => computed(query, query + 1, key, key + 1);
  const { codes } = quantise(new Float32Array(16).fill(1), 4, 4, weightScale(true), rule, isComputed);
  const [m, n] = [maskedCell, notComputedCell];
  expect([...codes]).toEqual([255, m, n, n, 255, 255, n, n, n, 255, 255, m, n, 255, 255, 255]);
  expect([...hiddenCodes(blockRule(mask)!, computed, 4, 4, 2, 2)]).toEqual([0, n, 0, 0]);
  expect([...hiddenThumbnailCodes(Uint8Array.of(9, 0, 0, 7), Uint16Array.of(0, n, 0, m))]).toEqual([
    9,
    n,
    0,
    7,
  ]);
  const pixelOfCells = (...cells: number[]) => {
    const target = { width: 1, height: 1, data: new Uint8ClampedArray(4) };
    const colours = cellColours(sequentialRamp("viridis", paperPalette), paperPalette);
    const shown = { rows: 1, columns: cells.length, codes: Uint16Array.from(cells) };
    const view = { row: 0, column: 0, cellWidth: 1 / cells.length, cellHeight: 1 };
    paintCells(target, { x: 0, y: 0, width: 1, height: 1 }, shown, view, colours);
    return target.data.join(" ");
  };
  expect(pixelOfCells(n, n)).not.toBe(pixelOfCells(m, m));
  expect(pixelOfCells(n, m)).toBe(pixelOfCells(m, m));
  expect(pixelOfCells(m, n, 40)).toBe(pixelOfCells(40, 40));
});
