import { fromOklab, pixelOf, toOklab, type Oklab, type Rgb } from "./colour";
import { colourTables } from "./colourTables";
import { isDark, type Palette } from "./palette";

export type ColourMap = "theme" | keyof typeof colourTables;

/** 256 colours from the lowest value to the highest. */
export type Ramp = readonly Rgb[];

/** For weights: "theme" runs from the background to full; the others are the published tables, greys turned over on dark. */
export function sequentialRamp(map: ColourMap, palette: Palette): Ramp {
  if (map === "theme") return themeRamp(palette);
  const ramp = readTable(colourTables[map]);
  return map === "greys" && isDark(palette) ? ramp.reverse() : ramp;
}

/** For signed values: blue below, orange above, the background in the middle (index 127.5). */
export function divergingRamp(palette: Palette): Ramp {
  const middle = toOklab(palette.background);
  const dark = isDark(palette);
  const low: Rgb = dark ? [120, 190, 255] : [5, 70, 150];
  const high: Rgb = dark ? [255, 176, 92] : [160, 62, 0];
  const side = (end: Oklab, t: number) => fromOklab(between(middle, end, t));
  return Array.from({ length: 256 }, (_, index) => {
    const signed = (index - 127.5) / 127.5;
    return side(toOklab(signed < 0 ? low : high), Math.abs(signed));
  });
}

/** `t` 0..1. */
export function rampColour(ramp: Ramp, t: number): Rgb {
  return ramp[Math.round(Math.min(1, Math.max(0, t)) * 255)]!;
}

export function rampPixels(ramp: Ramp): Uint32Array {
  return Uint32Array.from(ramp, pixelOf);
}

/**
 * Lightness falls (or on dark rises) linearly in OKLab, so equal steps look equal; the hue turns from blue to
 * a deep (on dark: a pale) blue-green, and the chroma is highest in the middle where the display has most of it.
 */
function themeRamp(palette: Palette): Ramp {
  const start = toOklab(palette.background);
  const dark = isDark(palette);
  const end: Rgb = dark ? [226, 246, 235] : [18, 22, 92];
  const middle: Rgb = dark ? [38, 138, 190] : [58, 120, 200];
  const [, middleA, middleB] = toOklab(middle);
  const target = toOklab(end);
  return Array.from({ length: 256 }, (_, index) => {
    const t = index / 255;
    const halfway: Oklab = [start[0] + (target[0] - start[0]) * 0.55, middleA, middleB];
    const [lower, upper, s] = t < 0.55 ? [start, halfway, t / 0.55] : [halfway, target, (t - 0.55) / 0.45];
    return fromOklab(between(lower, upper, s));
  });
}

function between(from: Oklab, to: Oklab, t: number): Oklab {
  return [from[0] + (to[0] - from[0]) * t, from[1] + (to[1] - from[1]) * t, from[2] + (to[2] - from[2]) * t];
}

function readTable(table: string): Rgb[] {
  const byte = (at: number) => parseInt(table.slice(at, at + 2), 16);
  return Array.from({ length: 256 }, (_, index) => [
    byte(index * 6),
    byte(index * 6 + 2),
    byte(index * 6 + 4),
  ]);
}
