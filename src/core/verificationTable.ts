import type { Verification, VerifiedLayer } from "./verification";

/** The words of a table, in the reader's language. */
export interface TableWords {
  readonly block: string;
  readonly layer: string;
  readonly rows: string;
  readonly difference: string;
  readonly output: string;
  readonly remark: string;
}

/** One line a layer in columns of plain text; what was not computed says why. Ends with a line break. */
export function verificationTable({ layers, notTaken }: Verification, words: TableWords): string {
  const { block, layer, rows, difference, output, remark } = words;
  const lines = [
    [block, layer, rows, difference, output, remark],
    ...layers.map((one) => [
      one.block,
      String(one.layer),
      `${one.nRows}/${one.ofRows}`,
      numberText(one.difference),
      numberText(one.outputDifference),
      one.missing ?? (one.worst && isOff(one) ? placeText(one) : ""),
    ]),
    ...notTaken.map(({ where, reason }) => ["-", "-", "-", "-", "-", `${where}: ${reason}`]),
  ];
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, at) => cell.padEnd(widths[at]!))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

function isOff({ difference = 0, tolerance }: VerifiedLayer): boolean {
  return !(difference <= tolerance);
}

function placeText({ worst }: VerifiedLayer): string {
  return worst ? `head ${worst.head}, query ${worst.query}, key ${worst.key}` : "";
}

function numberText(value: number | undefined): string {
  return value === undefined ? "-" : value === 0 ? "0" : value.toExponential(1);
}
