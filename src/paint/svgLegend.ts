import { cssColour } from "./colour";
import { tickText } from "./numberText";
import type { Palette } from "./palette";
import { rampColour, type Ramp } from "./ramp";
import { place, scaleTicks, valueAt, type Scale } from "./scale";
import { element, text } from "./svg";
import { patternFill, type PatternName } from "./svgCells";
import { displayColumns } from "./tokenText";

export interface Legend {
  readonly x: number;
  readonly y: number;
  /** Of the colour bar. */
  readonly width: number;
  /** What the numbers are: "attention weight, square-root scale". */
  readonly label: string;
  readonly ramp: Ramp;
  readonly scale: Scale;
  readonly hasMasked: boolean;
  readonly hasNotANumber: boolean;
  readonly hasNotComputed?: boolean;
}

/** Pixels that `svgLegend` takes. */
export const legendHeight = 44;

/** The colour bar with its marks, its label, and what the hatched cells are. */
export function svgLegend(legend: Legend, palette: Palette): string {
  const { x, y, width, ramp, scale } = legend;
  const barHeight = 10;
  const muted = cssColour(palette.muted);
  const line = cssColour(palette.line);
  const steps = 128;
  const bar = Array.from({ length: steps }, (_, index) =>
    element("rect", {
      x: x + (index * width) / steps,
      y: y + 14,
      width: width / steps + 0.3,
      height: barHeight,
      fill: cssColour(rampColour(ramp, (index + 0.5) / steps)),
    }),
  );
  const marks = scaleTicks(scale).flatMap((value) => {
    const at = x + place(scale, value) * width;
    return [
      element("path", { d: `M${at} ${y + 14 + barHeight}v3`, stroke: muted, "stroke-width": 0.75 }),
      text(tickText(value), at, y + 14 + barHeight + 14, {
        "text-anchor": value === valueAt(scale, 0) ? "start" : value === valueAt(scale, 1) ? "end" : "middle",
        "font-size": 10,
        fill: muted,
      }),
    ];
  });
  const frame = { y: y + 14, height: barHeight, fill: "none", stroke: line, "stroke-width": 0.75 };
  const keys: string[] = [];
  let keyX = x + width + 20;
  const addKey = (pattern: PatternName, label: string) => {
    keys.push(
      element("rect", { ...frame, x: keyX, width: 14, fill: patternFill(pattern, palette) }),
      text(label, keyX + 19, y + 14 + 9, { "font-size": 10, fill: muted }),
    );
    keyX += 19 + displayColumns(label) * 5.5 + 14;
  };
  if (legend.hasMasked) addKey("masked", "masked");
  if (legend.hasNotComputed) addKey("not-computed", "not computed");
  if (legend.hasNotANumber) addKey("not-a-number", "not a number");
  return element("g", {}, [
    text(legend.label, x, y + 9, { "font-size": 10, fill: muted }),
    ...bar,
    element("rect", { ...frame, x, width }),
    ...marks,
    ...keys,
  ]);
}
