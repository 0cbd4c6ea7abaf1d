import {
  interpolateCividis,
  interpolateGreys,
  interpolateMagma,
  interpolateViridis,
} from "d3-scale-chromatic";
import { rgb } from "d3-color";
import { expect, test } from "vitest";
import {
  contrastRatio,
  cssColour,
  fromOklab,
  parseColour,
  pixelOf,
  toOklab,
} from "../../../src/paint/colour";
import { categorical, paperPalette, type Palette } from "../../../src/paint/palette";
import { divergingRamp, sequentialRamp } from "../../../src/paint/ramp";

const dark: Palette = { ...paperPalette, background: [30, 30, 30], foreground: [204, 204, 204] };

test.each([
  ["#0f8", "#00ff88"],
  ["#1e1e1e", "#1e1e1e"],
  ["rgb(30, 31, 32)", "#1e1f20"],
  ["rgb(30 31 32 / 50%)", "#8f8f90"],
  ["rgba(0, 0, 0, 0.5)", "#808080"],
  ["#00000080", "#7f7f7f"],
])("reads %s", (css, hex) => {
  expect(cssColour(parseColour(css)!)).toBe(hex);
});

test.each(["", "red", "#12", "#12345", "rgb(1,2)", "rgb(a,b,c)", "var(--x)"])("refuses %j", (css) => {
  expect(parseColour(css)).toBeUndefined();
});

test("converts sRGB primaries to the OKLab values of CSS Color 4 (section 'Sample code', red)", () => {
  const red = toOklab([255, 0, 0]);
  expect(red[0]).toBeCloseTo(0.62796, 4);
  expect(red[1]).toBeCloseTo(0.22486, 4);
  expect(red[2]).toBeCloseTo(0.12585, 4);
  expect(fromOklab(red).map(Math.round)).toEqual([255, 0, 0]);
});

test("computes the contrast ratios that WCAG names", () => {
  expect(contrastRatio([0, 0, 0], [255, 255, 255])).toBeCloseTo(21);
  expect(contrastRatio([118, 118, 118], [255, 255, 255])).toBeCloseTo(4.54, 2);
});

test("writes a pixel as little-endian RGBA", () => {
  expect([...new Uint8Array(Uint32Array.of(pixelOf([1, 2, 3])).buffer)]).toEqual([1, 2, 3, 255]);
});

test.each([
  ["viridis", interpolateViridis],
  ["cividis", interpolateCividis],
  ["magma", interpolateMagma],
  ["greys", interpolateGreys],
] as const)("has the %s of d3-scale-chromatic", (name, interpolate) => {
  const expected = Array.from({ length: 256 }, (_, index) => rgb(interpolate(index / 255)).formatHex());
  expect(sequentialRamp(name, paperPalette).map(cssColour)).toEqual(expected);
});

test("turns greys over on dark, so that more is always further from the background", () => {
  expect(cssColour(sequentialRamp("greys", dark)[255]!)).toBe("#ffffff");
  expect(cssColour(sequentialRamp("greys", paperPalette)[255]!)).toBe("#000000");
});

test.each([
  ["light", paperPalette],
  ["dark", dark],
  ["high contrast", { ...dark, background: [0, 0, 0] as const }],
])("runs the theme's ramp from the background in even steps of lightness on %s", (_, palette) => {
  const ramp = sequentialRamp("theme", palette);
  expect(cssColour(ramp[0]!)).toBe(cssColour(palette.background));
  const lightness = ramp.map((colour) => toOklab(colour)[0]);
  const steps = lightness.slice(1).map((value, index) => value - lightness[index]!);
  const mean = steps.reduce((sum, step) => sum + step) / steps.length;
  for (const step of steps) expect(step / mean).toBeGreaterThan(0.5);
  for (const step of steps) expect(step / mean).toBeLessThan(1.5);
  expect(contrastRatio(ramp[255]!, palette.background)).toBeGreaterThan(10);
});

test("has the background in the middle of the diverging ramp and two far ends", () => {
  const ramp = divergingRamp(dark);
  expect(contrastRatio(ramp[127]!, dark.background)).toBeLessThan(1.02);
  expect(contrastRatio(ramp[0]!, dark.background)).toBeGreaterThan(4.5);
  expect(contrastRatio(ramp[255]!, dark.background)).toBeGreaterThan(4.5);
});

test("keeps the categorical colours apart", () => {
  expect(new Set(categorical.map(cssColour)).size).toBe(8);
});
