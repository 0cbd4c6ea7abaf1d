import { contrastRatio, type Rgb } from "./colour";

/** The colours of everything that is not data, as the theme (or the paper) has them. */
export interface Palette {
  readonly background: Rgb;
  readonly foreground: Rgb;
  /** Labels that stand back; readable on the background. */
  readonly muted: Rgb;
  /** Frames and bars that are no data. */
  readonly line: Rgb;
  /** The query: outlined in this. */
  readonly query: Rgb;
  /** What is not a number. */
  readonly error: Rgb;
}

/** Black on white, for figures made without a theme. */
export const paperPalette: Palette = {
  background: [255, 255, 255],
  foreground: [24, 24, 24],
  muted: [89, 89, 89],
  line: [200, 200, 200],
  query: [196, 78, 0],
  error: [190, 20, 60],
};

export function isDark(palette: Palette): boolean {
  return contrastRatio(palette.background, [255, 255, 255]) > contrastRatio(palette.background, [0, 0, 0]);
}

/**
 * Eight colours for heads and series, told apart with the common colour-vision deficiencies
 * (Okabe and Ito 2008, "Color Universal Design"); black is left out because it vanishes on dark themes.
 */
export const categorical: readonly Rgb[] = [
  [0, 114, 178],
  [230, 159, 0],
  [0, 158, 115],
  [213, 94, 0],
  [86, 180, 233],
  [204, 121, 167],
  [240, 228, 66],
  [128, 128, 128],
];
