import { describe, expect, it } from "vitest";
import { makeFeeds, type FeedRequest } from "../../../src/engine/worker/feeds";
import { rawIds, takesIds } from "../../../src/engine/worker/inputRoles";
import { decoderRequest, statesOutput } from "../../../src/engine/worker/secondGraph";
import type { GraphInput } from "../../../src/onnx/instrumented";

type Dims = GraphInput["dims"];
const input = (name: string, dims: Dims, type = "int64"): GraphInput => ({ name, type, dims });
const request: FeedRequest = { modelName: "m", ids: [5, 6, 7], targetIds: [1, 2], padId: 9 };
const numbers = (data: ArrayBufferView) => Array.from(data as unknown as ArrayLike<number | bigint>, Number);

/** The dims and numbers of one input. */
function fed(one: GraphInput, others: readonly GraphInput[] = [], from = request) {
  const { dims, data, type } = makeFeeds([one, ...others], from)[one.name]!;
  return { dims, numbers: numbers(data), type };
}

const cases: [string, GraphInput, readonly number[], readonly number[]][] = [
  ["ids as they are", input("input_ids", ["batch", "seq"]), [1, 3], [5, 6, 7]],
  ["ids padded to a fixed length", input("input_ids", [1, 5]), [1, 5], [5, 6, 7, 9, 9]],
  ["a mask padded with zeros", input("attention_mask", [1, 5]), [1, 5], [1, 1, 1, 0, 0]],
  ["segment types of zero", input("token_type_ids", ["b", "s"]), [1, 3], [0, 0, 0]],
  ["positions from 0", input("position_ids", ["b", "s"]), [1, 3], [0, 1, 2]],
  ["positions over a fixed length", input("position_ids", [1, 5]), [1, 5], [0, 1, 2, 3, 4]],
  [
    "the same positions in time, height and width",
    input("position_ids", [3, "b", "s"]),
    [3, 1, 3],
    [0, 1, 2, 0, 1, 2, 0, 1, 2],
  ],
  ["places in a cache without a batch", input("cache_position", ["s"]), [3], [0, 1, 2]],
  ["a decoder's ids", input("decoder_input_ids", ["b", "t"]), [1, 2], [1, 2]],
  ["a decoder's mask", input("decoder_attention_mask", ["b", "t"]), [1, 2], [1, 1]],
  ["the branch without a cache", input("use_cache_branch", [1], "bool"), [1], [0]],
  ["the place of the last key", input("seqlens_k", ["batch"], "int32"), [1], [2]],
  ["the place of the last key in two axes", input("seqlens_k", ["batch", 1], "int32"), [1, 1], [2]],
  ["the number of keys as a scalar", input("total_sequence_length", [], "int32"), [], [3]],
];

describe("what a graph's inputs are fed", () => {
  it.each(cases)("%s", (_, one, dims, expected) => {
    expect(fed(one)).toMatchObject({ dims, numbers: expected });
  });

  it("an empty cache: no places where they are free, zeros where their number is fixed", () => {
    const free = input("past_key_values.0.key", ["batch", 2, "past_len", 4], "float32");
    expect(fed(free)).toEqual({ dims: [1, 2, 0, 4], numbers: [], type: "float32" });
    const fixed = input("past_key_values.0.key", ["batch", 2, 3, 4], "float16");
    expect(fed(fixed)).toEqual({ dims: [1, 2, 3, 4], numbers: new Array(24).fill(0), type: "float16" });
  });

  it("a mask that hides the places of a fixed cache: before the tokens, or behind them where it is as long as the cache", () => {
    const cache = input("past_key_values.0.key", [1, 2, 4, 8], "float32");
    expect(fed(input("attention_mask", [1, "total"]), [cache]).numbers).toEqual([0, 0, 0, 0, 1, 1, 1]);
    expect(fed(input("attention_mask", [1, 7]), [cache]).numbers).toEqual([0, 0, 0, 0, 1, 1, 1]);
    expect(fed(input("attention_mask", [1, 4]), [cache]).numbers).toEqual([1, 1, 1, 0]);
  });

  it("refuses a cache whose number of heads nobody says, and what it does not know", () => {
    const heads = input("past_key_values.0.key", ["batch", "num_heads", "past_len", 4], "float32");
    expect(() => fed(heads)).toThrow(/past_key_values.0.key/);
    expect(() => fed(input("pixel_values", [1, 3, 8, 8], "float32"))).toThrow(/pixel_values.*--inputs/);
    expect(() => fed(input("input_ids", [4, "s"]))).toThrow(/input_ids/);
    expect(() => fed(input("input_ids", [1, 2]))).toThrow(/takes exactly 2 tokens and was given 3/);
  });

  it("takes an input of floats for raw data, whatever it is called", () => {
    expect(takesIds([input("input", [1, 4], "float32")])).toBe(false);
    expect(takesIds([input("input", [1, 4])])).toBe(true);
  });

  it("finds ids that were given by hand under the graph's own name", () => {
    const src = { dims: [1, 2], type: "int64", data: BigInt64Array.of(3n, 4n) };
    expect(rawIds([input("src", ["b", "s"])], { src }, "input_ids")).toBe(src);
    const mask = makeFeeds([input("src", ["b", "s"]), input("mask", ["b", "s"])], {
      ...request,
      ids: undefined,
      raw: { src },
    }).mask!;
    expect(mask.dims).toEqual([1, 2]);
  });
});

describe("what a decoder in a file of its own is fed", () => {
  const states = { type: "float32", dims: [1, 3, 4], data: new Float32Array(12) };
  const inputs = [
    input("input_ids", ["b", "t"]),
    input("encoder_attention_mask", ["b", "s"]),
    input("encoder_hidden_states", ["b", "s", 4], "float32"),
  ];

  it("is the target for its ids, and what the encoder made of the source", () => {
    const feeds = makeFeeds(inputs, decoderRequest(inputs, request, { states, nTokens: 3 }, [1, 2]));
    expect(numbers(feeds.input_ids!.data)).toEqual([1, 2]);
    expect(numbers(feeds.encoder_attention_mask!.data)).toEqual([1, 1, 1]);
    expect(feeds.encoder_hidden_states!.data).toBe(states.data);
  });

  it("never takes the source's ids and mask, given by hand, for its own", () => {
    const given = (...values: bigint[]) => ({
      dims: [1, values.length],
      type: "int64",
      data: BigInt64Array.from(values),
    });
    const raw = {
      input_ids: given(5n, 6n, 7n),
      attention_mask: given(1n, 1n, 0n),
      decoder_input_ids: given(8n),
    };
    const own = [...inputs, input("attention_mask", ["b", "t"])];
    const feeds = makeFeeds(own, decoderRequest(own, { ...request, raw }, { states, nTokens: 3 }, undefined));
    expect(numbers(feeds.input_ids!.data)).toEqual([8]);
    expect(numbers(feeds.attention_mask!.data)).toEqual([1]);
    expect(numbers(feeds.encoder_attention_mask!.data)).toEqual([1, 1, 0]);
  });

  it("reads the states under another name where there is no doubt", () => {
    const renamed = [input("input_ids", ["b", "t"]), input("enc", ["b", "s", 4], "float32")];
    const feeds = makeFeeds(renamed, decoderRequest(renamed, request, { states }, [1, 2]));
    expect(feeds.enc!.data).toBe(states.data);
    expect(statesOutput([input("pooled", ["b", 4]), input("out", ["b", "s", 4])])).toBe("out");
  });
});
