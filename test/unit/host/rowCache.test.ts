import { describe, expect, it } from "vitest";
import { RowCache } from "../../../src/host/rowCache";
import type { VectorQuery } from "../../../src/protocol/slices";

const query = (index: number, head = 0): VectorQuery => ({
  runId: "r",
  choices: [{ block: "decoder", layer: 0, head }],
  measure: "weights",
  axis: "query",
  index,
});

describe("rows already read", () => {
  it("are not read again, and heads and tokens are kept apart", async () => {
    const read: VectorQuery[] = [];
    const rows = new RowCache(async (asked) => {
      read.push(asked);
      return [new Float32Array([asked.index])];
    });
    await rows.vectors(query(1));
    await rows.vectors(query(1));
    await rows.vectors(query(1, 1));
    expect(await rows.vectors(query(2))).toEqual([new Float32Array([2])]);
    expect(read).toHaveLength(3);
  });

  it("are asked for again after a failure", async () => {
    let fails = true;
    const rows = new RowCache(async () => {
      if (fails) throw new Error("gone");
      return [];
    });
    await expect(rows.vectors(query(1))).rejects.toThrow("gone");
    fails = false;
    expect(await rows.vectors(query(1))).toEqual([]);
  });

  it("make room by forgetting those least lately used", async () => {
    let count = 0;
    const rows = new RowCache(async () => (count++, []));
    for (let index = 0; index < 512; index++) await rows.vectors(query(index));
    await rows.vectors(query(0));
    await rows.vectors(query(512));
    await rows.vectors(query(0));
    expect(count).toBe(513);
    await rows.vectors(query(1));
    expect(count).toBe(514);
  });
});
