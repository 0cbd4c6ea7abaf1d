import { maskedCell } from "./heatmap";

/**
 * Thumbnail bytes, round(255 * sqrt(weight)), as cell codes for a square-root scale; masked cells become
 * `maskedCell`. `isVisible` takes rows and columns of the thumbnail.
 */
export function thumbnailCodes(
  bytes: Uint8Array,
  columns: number,
  isVisible?: (row: number, column: number) => boolean,
): Uint16Array {
  const codes = new Uint16Array(bytes);
  if (!isVisible) return codes;
  for (let row = 0, index = 0; index < codes.length; row++) {
    for (let column = 0; column < columns; column++, index++) {
      if (codes[index] === 0 && !isVisible(row, column)) codes[index] = maskedCell;
    }
  }
  return codes;
}

/** The same where what hides each cell is known as codes (see hiddenCodes): they show where a byte is 0. */
export function hiddenThumbnailCodes(bytes: Uint8Array, hidden: Uint16Array): Uint16Array {
  const codes = new Uint16Array(bytes.length);
  for (let at = 0; at < codes.length; at++) codes[at] = bytes[at]! || hidden[at]!;
  return codes;
}

const linearOf = Uint8Array.from({ length: 256 }, (_, byte) => Math.round((byte * byte) / 255));

/** The same bytes for a linear scale. */
export function linearCodes(bytes: Uint8Array): Uint8Array {
  const codes = new Uint8Array(bytes.length);
  for (let index = 0; index < bytes.length; index++) codes[index] = linearOf[bytes[index]!]!;
  return codes;
}

/** Values [rows, columns] from 0 to `largest` as thumbnail bytes. */
export function thumbnailBytes(values: Float32Array, largest = 1): Uint8Array {
  const share = 1 / (largest || 1);
  return Uint8Array.from(values, (value) =>
    Math.round(255 * Math.sqrt(Math.min(1, Math.max(0, value * share)))),
  );
}
