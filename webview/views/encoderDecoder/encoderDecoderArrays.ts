import type { NamedArray } from "../../../src/protocol/npz";
import { likelyArrays } from "../../parts/likelyArrays";
import { runArrays } from "../../parts/runArrays";
import type { Inspector } from "../../state/inspector";
import type { EncoderDecoderData, ShownBlock } from "./encoderDecoderData";

/** The attentions as they are shown, each under its block's name, and what each step would have written. */
export function encoderDecoderArrays(
  inspector: Inspector,
  data: EncoderDecoderData,
  shown: readonly ShownBlock[],
): NamedArray[] {
  const steps = data.steps.peek();
  return [
    ...shown.map(({ kind, slice }) => ({
      name: `${kind}.weights`,
      dims: [slice.rows, slice.columns],
      data: Float32Array.from(slice.data),
    })),
    { name: "steps.query", dims: [steps.length], data: Int32Array.from(steps, ({ query }) => query) },
    ...likelyArrays(
      "steps",
      [steps.length],
      steps.map(({ prediction }) => prediction?.likely ?? []),
    ),
    ...runArrays(inspector.run.peek()),
  ];
}
