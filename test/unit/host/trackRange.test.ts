import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findText, stillSays, trackRange } from "../../../src/host/trackRange";
import { plainDocument } from "./plainDocument";

describe("a range after an edit", () => {
  // "0123456789", range [3, 6)
  it.each([
    ["moves with an insertion before it", { offset: 1, length: 0, insertedLength: 2 }, { start: 5, end: 8 }],
    ["stays with an edit behind it", { offset: 7, length: 2, insertedLength: 9 }, { start: 3, end: 6 }],
    [
      "grows with words typed right after it",
      { offset: 6, length: 0, insertedLength: 2 },
      { start: 3, end: 8 },
    ],
    [
      "grows with words typed right before it",
      { offset: 3, length: 0, insertedLength: 2 },
      { start: 3, end: 8 },
    ],
    ["shrinks with a deletion inside it", { offset: 4, length: 1, insertedLength: 0 }, { start: 3, end: 5 }],
    ["takes in an edit over its start", { offset: 1, length: 3, insertedLength: 1 }, { start: 1, end: 4 }],
    ["is what replaced it and more", { offset: 2, length: 8, insertedLength: 3 }, { start: 2, end: 5 }],
  ])("%s", (_, edit, expected) => {
    expect(trackRange({ start: 3, end: 6 }, edit)).toEqual(expected);
  });

  it("never says that a text is still there when it is not", () => {
    const edits = fc.record({ offset: fc.nat(12), length: fc.nat(5), inserted: fc.string({ maxLength: 4 }) });
    fc.assert(
      fc.property(
        fc.string({ minLength: 12, maxLength: 20 }),
        fc.array(edits, { maxLength: 4 }),
        (text, all) => {
          const wanted = text.slice(3, 8);
          let range = { start: 3, end: 8 };
          let now = text;
          for (const { offset: at, length, inserted } of all) {
            const offset = Math.min(at, now.length);
            const removed = Math.min(length, now.length - offset);
            now = now.slice(0, offset) + inserted + now.slice(offset + removed);
            range = trackRange(range, { offset, length: removed, insertedLength: inserted.length });
          }
          expect(range.start).toBeGreaterThanOrEqual(0);
          expect(range.end).toBeLessThanOrEqual(now.length);
          const said = stillSays(plainDocument(now), range, wanted);
          expect(said).toBe(now.slice(range.start, range.end) === wanted);
        },
      ),
    );
  });
});

describe("finding a kept text again", () => {
  const range = { start: 4, end: 6 };
  it.each([
    ["at its place", "....ab..ab", 4],
    ["at the nearest place before", "..ab......ab", 2],
    ["at the nearest place behind", "ab.....ab", 7],
  ])("%s", (_, text, start) => {
    expect(findText(plainDocument(text), range, "ab")).toEqual({ start, end: start + 2 });
  });

  it("is given up where the document no longer says it", () => {
    expect(findText(plainDocument("nothing"), range, "ab")).toBeUndefined();
  });
});
