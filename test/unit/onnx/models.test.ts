import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { instrument } from "../../../src/onnx/instrument";
import { FIXTURES, foldersIn, readFixture, sourceOf } from "./fixtures";
import { feedsOf, headsIn, matrixOf, openSession } from "./runtime";

interface Reference {
  readonly inputs: Readonly<Record<string, number[][]>>;
  readonly attentions?: Stack;
  readonly encoder_attentions?: Stack;
  readonly decoder_attentions?: Stack;
  readonly cross_attentions?: Stack;
}
type Stack = number[][][][][];

/** reference_attentions.json holds what PyTorch returned with attn_implementation="eager". */
const models = foldersIn("models").filter((name) =>
  existsSync(`${FIXTURES}/models/${name}/reference_attentions.json`),
);

describe("attention of exported models", () => {
  it.each(models)("%s hands over the weights that PyTorch returned", async (name) => {
    const bytes = readFixture(`models/${name}/onnx/model.onnx`);
    const model = await instrument(sourceOf(bytes), { capture: ["weights"], backend: "wasm" });
    expect(model.report.notFound).toEqual([]);
    const session = await openSession(model.bytes);
    const records = JSON.parse(
      new TextDecoder().decode(readFixture(`models/${name}/reference_attentions.json`)),
    ) as Reference[];
    for (const record of records) {
      const nBatches = Object.values(record.inputs)[0]?.length ?? 1;
      const results = await session.run(feedsOf(model, record.inputs));
      const own = model.report.blocks.find((block) => block.kind !== "cross")?.kind ?? "decoder";
      const stacks = {
        encoder: record.encoder_attentions ?? (own === "encoder" ? record.attentions : undefined) ?? [],
        decoder: record.decoder_attentions ?? (own === "decoder" ? record.attentions : undefined) ?? [],
        cross: record.cross_attentions ?? [],
      };
      let worst = 0;
      for (const kind of ["encoder", "decoder", "cross"] as const) {
        const captured = model.captured.filter((one) => one.block === kind);
        expect(captured.length).toBe(stacks[kind].length);
        for (const [layer, expected] of stacks[kind].entries()) {
          const one = captured[layer];
          const tensor = one && results[one.name];
          if (!tensor) throw new Error(`no ${kind} ${layer}`);
          expect(headsIn(tensor, one, nBatches)).toBe(expected[0]?.length);
          expected.forEach((heads, batch) =>
            heads.forEach((rows, head) => {
              const matrix = matrixOf(tensor, one, nBatches, batch, head);
              expect(matrix.rows).toBe(rows.length);
              rows.forEach((row, query) => {
                // A row without any key is uniform in eager attention and zero in others: what the graph does counts.
                const isMasked = row.every((_, key) => matrix.at(query, key) === 0);
                row.forEach((weight, key) => {
                  if (!isMasked) worst = Math.max(worst, Math.abs(weight - matrix.at(query, key)));
                });
              });
            }),
          );
        }
      }
      expect(worst).toBeLessThan(1e-4);
    }
    await session.release();
  });
});
