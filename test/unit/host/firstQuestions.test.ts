import { expect, it } from "vitest";
import { FirstQuestions } from "../../../src/host/firstQuestions";
import type { InspectorSelection } from "../../../src/protocol/viewContract";

const choice = { block: "decoder", layer: 1, head: 2 } as const;
const heads: InspectorSelection = { view: "heads", choice, measure: "weights" };
const head: InspectorSelection = { ...heads, view: "head" };
const thumbnails = { method: "thumbnails", query: { block: "decoder", size: 80 } } as const;
const means = { method: "thumbnails", query: { block: "decoder", size: 80, of: "means" } } as const;
const matrix = { method: "matrix", query: { choice, measure: "weights", maxRows: 512 } } as const;
const otherHead = { method: "matrix", query: { ...matrix.query, choice: { ...choice, head: 3 } } } as const;

it("asks ahead for the thumbnails that the overview asked for last, not for its means", () => {
  const asked = new FirstQuestions();
  expect(asked.of(heads)).toEqual([]);
  asked.note({ ...thumbnails, query: { block: "decoder", size: 32 } });
  asked.note(thumbnails);
  asked.note(means);
  asked.note(matrix);
  expect(asked.of(heads)).toEqual([thumbnails]);
});

it("asks ahead for the matrices of the chosen head and measure only", () => {
  const asked = new FirstQuestions();
  for (const question of [thumbnails, matrix, otherHead, matrix]) asked.note(question);
  expect(asked.of(head)).toEqual([matrix]);
  expect(asked.of({ ...head, measure: "scores" })).toEqual([]);
  expect(asked.of({ ...head, view: "steps" })).toEqual([]);
  expect(asked.of(undefined)).toEqual([]);
});

it("forgets the matrices that were asked for longest ago", () => {
  const asked = new FirstQuestions();
  for (let maxRows = 1; maxRows <= 20; maxRows++)
    asked.note({ ...matrix, query: { ...matrix.query, maxRows } });
  const rows = asked.of(head).map(({ query }) => ("maxRows" in query ? query.maxRows : undefined));
  expect(rows).toEqual([13, 14, 15, 16, 17, 18, 19, 20]);
});
