import type { NamedArray } from "../../../src/protocol/npz";
import { likelyArrays } from "../../parts/likelyArrays";
import { runArrays } from "../../parts/runArrays";
import type { Inspector } from "../../state/inspector";
import type { AttendedRows, GenerationData } from "./generationData";

/** What was written, what the looked-at token attends to, and the logit lens. */
export function generationArrays(inspector: Inspector, data: GenerationData): NamedArray[] {
  const written = data.written.peek().value ?? [];
  const lens = data.lens.peek().value;
  const rows = lens?.rows ?? [];
  const nPositions = rows[0]?.cells.length ?? 0;
  const attended = data.attended.peek();
  return [
    integers(
      "written.index",
      written.map(({ index }) => index),
    ),
    ...likelyArrays(
      "written",
      [written.length],
      written.map(({ likely }) => likely),
    ),
    ...(attended ? attentionArrays(attended) : []),
    ...(lens && rows.length > 0
      ? [
          // -1: before the first layer.
          integers(
            "lens.layer",
            rows.map(({ layer }) => (layer === "embedding" ? -1 : layer)),
          ),
          integers(
            "lens.position",
            Array.from({ length: nPositions }, (_, i) => lens.start + i),
          ),
          ...likelyArrays(
            "lens",
            [rows.length, nPositions],
            rows.flatMap(({ cells }) => cells.map(({ likely }) => likely)),
          ),
        ]
      : []),
    ...runArrays(inspector.run.peek()),
  ];
}

function attentionArrays({ query, chosen, perLayer }: AttendedRows): NamedArray[] {
  const nKeys = chosen.length;
  const layers = new Float32Array(perLayer.length * nKeys);
  perLayer.forEach(({ row }, index) => layers.set(row, index * nKeys));
  return [
    integers("attention.query", [query]),
    { name: "attention.weights", dims: [nKeys], data: Float32Array.from(chosen) },
    { name: "attention.layer_means", dims: [perLayer.length, nKeys], data: layers },
    integers(
      "attention.layer",
      perLayer.map(({ layer }) => layer),
    ),
  ];
}

function integers(name: string, values: readonly number[]): NamedArray {
  return { name, dims: [values.length], data: Int32Array.from(values) };
}
