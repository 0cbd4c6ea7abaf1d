import { blend, cssColour } from "../../../src/paint/colour";
import {
  lineOpacity,
  lineWidth,
  strongestLines,
  weakestLine,
  type LineGroup,
} from "../../../src/paint/lines";
import { tickText } from "../../../src/paint/numberText";
import { rampColour, type Ramp } from "../../../src/paint/ramp";
import type { Scale } from "../../../src/paint/scale";
import { displayColumns, shorten } from "../../../src/paint/tokenText";
import type { Theme } from "../../theme";
import { largestBar, type Bars } from "./bars";
import { labelSize } from "./geometry";

export const lineRowHeight = 18;
const widest = 640;
const barWidth = 44;
/** Drawn in one frame; more leave the weakest out, and the note says so. */
const mostLines = 5000;

/** Where labels, lines and bars begin and end, in CSS pixels. */
export interface LinesLayout {
  readonly width: number;
  /** Where the lines begin and end. */
  readonly left: number;
  readonly right: number;
  /** Room for bars at both sides; 0 where it is narrow. */
  readonly bars: number;
}

export function linesLayout(
  space: number,
  queryLabels: readonly string[],
  keyLabels: readonly string[],
): LinesLayout {
  const width = Math.min(widest, Math.max(220, space));
  const bars = width >= 340 ? barWidth + 6 : 0;
  const side = (labels: readonly string[]) =>
    Math.min((width - 2 * bars) * 0.3, widestOf(labels) * labelSize * 0.61 + 8);
  return { width, left: bars + side(queryLabels), right: width - bars - side(keyLabels), bars };
}

const measured = new WeakMap<readonly string[], number>();

function widestOf(labels: readonly string[]): number {
  const known = measured.get(labels);
  if (known !== undefined) return known;
  const columns = labels.reduce((most, label) => Math.max(most, displayColumns(label)), 3);
  measured.set(labels, columns);
  return columns;
}

/** What is seen of the lines; rows are those of the head as it is shown. */
export interface LinesPicture {
  readonly layout: LinesLayout;
  readonly first: number;
  readonly end: number;
  /** Pixels. */
  readonly scrolled: number;
  readonly quiet: readonly LineGroup[];
  readonly chosen: readonly LineGroup[];
  readonly chosenRows: ReadonlySet<number>;
  readonly chosenColumn?: number;
  readonly queryLabels: readonly string[];
  readonly keyLabels: readonly string[];
  readonly columnBars?: Bars;
  readonly rowBars?: Bars;
  readonly ramp: Ramp;
  readonly scale: Scale;
  /** What the numbers are: "attention weight". */
  readonly legend: string;
  readonly theme: Theme;
}

/** Draws them and says what the picture shows. */
export function paintLines(pen: CanvasRenderingContext2D, picture: LinesPicture): string {
  const { layout, chosenRows, chosenColumn, theme } = picture;
  const hasChoice = chosenRows.size > 0 || chosenColumn !== undefined;
  const { shown, nShown, nLines } = strongestLines(picture.quiet, mostLines);
  stroke(pen, picture, shown, cssColour(rampColour(picture.ramp, 0.8)), hasChoice ? 0.22 : 1);
  stroke(pen, picture, picture.chosen, cssColour(theme.palette.query), 1);
  paintLabels(pen, picture);
  if (layout.bars) {
    paintBars(pen, picture, picture.rowBars, barWidth, -1);
    paintBars(pen, picture, picture.columnBars, layout.width - barWidth, 1);
  }
  const barText = (side: string, bars: Bars | undefined) =>
    bars && layout.bars
      ? ` ${side} bars: ${bars.name} ≤ ${tickText(largestBar(bars))}${bars.unit ? ` ${bars.unit}` : ""}.`
      : "";
  const lines =
    nShown < nLines
      ? `The strongest ${nShown} of ${nLines} lines in view are drawn.`
      : `Lines thicken with the ${picture.legend}; below ${tickText(weakestLine(picture.scale))} none is drawn.`;
  return `${lines}${barText("Left", picture.rowBars)}${barText("Right", picture.columnBars)}`;
}

function yOf({ scrolled }: LinesPicture, index: number): number {
  return (index + 0.5) * lineRowHeight - scrolled + 2;
}

function stroke(
  pen: CanvasRenderingContext2D,
  picture: LinesPicture,
  groups: readonly LineGroup[],
  colour: string,
  opacity: number,
): void {
  const { left, right } = picture.layout;
  const bend = (left + right) / 2;
  pen.strokeStyle = colour;
  for (const { strength, pairs } of groups) {
    pen.globalAlpha = lineOpacity(strength) * opacity;
    pen.lineWidth = lineWidth(strength);
    pen.beginPath();
    for (let at = 0; at < pairs.length; at += 2) {
      const from = yOf(picture, pairs[at]!);
      const to = yOf(picture, pairs[at + 1]!);
      pen.moveTo(left, from);
      pen.bezierCurveTo(bend, from, bend, to, right, to);
    }
    pen.stroke();
  }
  pen.globalAlpha = 1;
}

function paintLabels(pen: CanvasRenderingContext2D, picture: LinesPicture): void {
  const { layout, theme, chosenRows, chosenColumn } = picture;
  const { left, right, width, bars } = layout;
  const { palette } = theme;
  const columns = (space: number) => Math.max(3, Math.floor((space - 8) / (labelSize * 0.61)));
  pen.textBaseline = "middle";
  const label = (text: string | undefined, index: number, x: number, isStrong: boolean, space: number) => {
    if (text === undefined) return;
    pen.font = `${isStrong ? "bold " : ""}${labelSize}px ${theme.tokenFont}`;
    pen.fillStyle = cssColour(isStrong ? palette.query : palette.foreground);
    pen.fillText(shorten(text, columns(space)), x, yOf(picture, index));
  };
  for (let index = picture.first; index < picture.end; index++) {
    pen.textAlign = "right";
    label(picture.queryLabels[index], index, left - 6, chosenRows.has(index), left - bars);
    pen.textAlign = "left";
    label(picture.keyLabels[index], index, right + 6, index === chosenColumn, width - bars - right);
  }
}

/** From `x` on: to the left (-1) or to the right (1). */
function paintBars(
  pen: CanvasRenderingContext2D,
  picture: LinesPicture,
  bars: Bars | undefined,
  x: number,
  direction: 1 | -1,
): void {
  if (!bars) return;
  const { palette } = picture.theme;
  const quiet = bars.isChosen
    ? blend(palette.background, palette.query, 0.6)
    : blend(palette.background, palette.foreground, 0.38);
  const most = largestBar(bars);
  const end = Math.min(picture.end, bars.values.length);
  for (let index = picture.first; index < end; index++) {
    const isStrong = direction < 0 ? picture.chosenRows.has(index) : index === picture.chosenColumn;
    pen.fillStyle = cssColour(isStrong ? palette.query : quiet);
    const length = (bars.values[index]! / most) * barWidth;
    pen.fillRect(direction < 0 ? x - length : x, yOf(picture, index) - 5, length, 10);
  }
}
