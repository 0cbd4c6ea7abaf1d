/** A label on an axis: which cell, and where its middle is in pixels. */
export interface Tick {
  readonly index: number;
  readonly position: number;
}

export interface AxisLayout {
  readonly count: number;
  /** The cell at the start of the axis; may be fractional. */
  readonly offset: number;
  /** Pixels for each cell. */
  readonly cellSize: number;
  /** Pixels. */
  readonly length: number;
  /** Labels stand at least this far apart, in pixels. */
  readonly minGap: number;
  /** Cells that are labelled however dense the axis is (the one under the pointer); they push others aside. */
  readonly always?: readonly number[];
}

/** Labels for every cell where they fit, else for every 2nd, 5th, 10th, 20th … */
export function layoutTicks(axis: AxisLayout): Tick[] {
  const step = tickStep(axis.minGap / axis.cellSize);
  const position = (index: number) => (index + 0.5 - axis.offset) * axis.cellSize;
  const isSeen = (index: number) => {
    const at = position(index);
    return index >= 0 && index < axis.count && at >= 0 && at <= axis.length;
  };
  const always = [...new Set(axis.always ?? [])].filter(isSeen);
  const first = Math.max(0, Math.floor(axis.offset / step) * step);
  const end = Math.min(axis.count, axis.offset + axis.length / axis.cellSize);
  const ticks: Tick[] = always.map((index) => ({ index, position: position(index) }));
  for (let index = first; index < end; index += step) {
    if (!isSeen(index) || always.includes(index)) continue;
    const crowded = always.some((other) => Math.abs(position(other) - position(index)) < axis.minGap);
    if (!crowded) ticks.push({ index, position: position(index) });
  }
  return ticks.sort((a, b) => a.index - b.index);
}

/** The smallest of 1, 2, 5, 10, 20, 50 … that is not below `cells`. */
export function tickStep(cells: number): number {
  for (let power = 1; ; power *= 10) {
    for (const step of [1, 2, 5]) if (step * power >= cells) return step * power;
  }
}
