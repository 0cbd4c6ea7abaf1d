import type { NamedArray } from "../../src/protocol/npz";
import { uniqueNames } from "./arrayName";
import type { ExportedAxis, ExportedChart, ExportedMatrix } from "./panelExports";

/**
 * Pictures and charts as arrays, named after their titles: a matrix [rows, columns]; `NAME.rows` and `NAME.columns`
 * where rows or columns stand for other indices than their own; of a chart `NAME.SERIES.x` and `NAME.SERIES.y`.
 */
export function panelArrays(panels: readonly (ExportedMatrix | ExportedChart)[]): NamedArray[] {
  const nameOf = uniqueNames();
  return panels.flatMap((panel) => {
    const name = nameOf(panel.title);
    return "chart" in panel ? chartArrays(name, panel) : matrixArrays(name, panel);
  });
}

function matrixArrays(name: string, { cells, values, rows, columns }: ExportedMatrix): NamedArray[] {
  return [
    { name, dims: [cells.rows, cells.columns], data: Float32Array.from(values) },
    ...axisArray(`${name}.rows`, rows, cells.rows),
    ...axisArray(`${name}.columns`, columns, cells.columns),
  ];
}

function axisArray(name: string, { index }: ExportedAxis, count: number): NamedArray[] {
  if (!index) return [];
  return [{ name, dims: [count], data: Int32Array.from({ length: count }, (_, i) => index(i)) }];
}

function chartArrays(name: string, { chart }: ExportedChart): NamedArray[] {
  const nameOf = uniqueNames();
  return chart.series.flatMap((series) => {
    const own = `${name}.${nameOf(series.name)}`;
    return [
      { name: `${own}.x`, dims: [series.x.length], data: Float32Array.from(series.x) },
      { name: `${own}.y`, dims: [series.y.length], data: Float32Array.from(series.y) },
    ];
  });
}
