import { describe, expect, it } from "vitest";
import { messageFault } from "../../../src/host/pagePort";
import { parseSliceQuery } from "../../../src/host/parseSlices";
import { parseState } from "../../../src/host/parseState";
import {
  parseChoosePin,
  parsePin,
  parseReveal,
  parseRunPin,
  parseSave,
  parseSelection,
} from "../../../src/host/parseView";

const choice = { block: "decoder", layer: 1, head: "mean" };
const selection = { view: "head", choice, measure: "weights", query: 3 };
const state = {
  version: 1,
  request: { modelId: "m", text: "a b", document: { uri: "file:///a", version: 4, start: 1, end: 4 } },
  selection,
};

describe("what a page may ask", () => {
  it("is taken over field by field; what the contract does not know stays outside", () => {
    expect(parseSelection({ ...selection, extra: 1 })).toEqual(selection);
    const matrix = { runId: "r", choice, measure: "scores", maxRows: 400, window: undefined };
    expect(parseSliceQuery.matrix({ ...matrix, __proto__: { admin: true } })).toEqual({
      runId: "r",
      choice,
      measure: "scores",
      maxRows: 400,
    });
    expect(parseReveal({ runId: "r", side: "source", index: 0 })).toEqual({
      runId: "r",
      side: "source",
      index: 0,
    });
  });

  it.each([
    ["matrix", undefined],
    ["matrix", { runId: 3, choice, measure: "weights" }],
    ["matrix", { runId: "r", choice: { ...choice, head: "median" }, measure: "weights" }],
    ["matrix", { runId: "r", choice, measure: "weights", maxRows: 1e9 }],
    ["matrix", { runId: "r", choice, measure: "weights", window: { queryStart: -1 } }],
    ["vectors", { runId: "r", choices: "all", measure: "weights", axis: "query", index: 0 }],
    ["vectors", { runId: "r", choices: [choice], measure: "weights", axis: "row", index: 0 }],
    ["vectors", { runId: "r", choices: [choice], measure: "weights", axis: "query", index: 0.5 }],
    ["thumbnails", { runId: "r", block: "decoder", size: 1e6 }],
    ["statistics", { runId: "r", block: "constructor" }],
    ["mask", { runId: "r", block: "decoder", layer: null }],
    ["headVectors", { runId: "r", address: { ...choice, head: "mean" }, which: "q" }],
    ["predictions", { runId: "r", position: 0, count: 0 }],
  ] as const)("is refused, with the field's name, where it is malformed: %s %j", (method, raw) => {
    expect(() => parseSliceQuery[method](raw)).toThrow(/was not understood: \w+/);
  });

  it.each([
    ["../../etc/passwd", "passwd"],
    ["C:\\x\\heads.png", "heads.png"],
    ["a:b?.csv", "a_b_.csv"],
  ])("is saved under a bare name: %s", (name, safe) => {
    expect(parseSave({ name, bytes: new Uint8Array(2) }).name).toBe(safe);
  });

  it.each([
    { name: "..", bytes: new Uint8Array() },
    { name: "a/", bytes: new Uint8Array() },
    { name: "a", bytes: [1, 2] },
  ])("is not saved without a name or bytes: %j", (raw) => {
    expect(() => parseSave(raw)).toThrow(/not understood/);
  });
});

describe("the state of a page", () => {
  it("comes back as it was kept", () => {
    expect(parseState(state)).toEqual(state);
    const continued = { ...state, request: { ...state.request, continueBy: 12 } };
    expect(parseState(continued)).toEqual(continued);
  });

  it.each([
    undefined,
    "text",
    { ...state, version: 2 },
    { ...state, request: { modelId: "m" } },
    { ...state, request: { ...state.request, document: { uri: "u", version: 1, start: 5, end: 4 } } },
    { ...state, selection: { ...selection, view: "gone" } },
  ])("is left aside where it is of another version or shape: %j", (kept) => {
    expect(parseState(kept)).toBeUndefined();
  });
});

describe("a message that no channel would take", () => {
  it.each([
    [null, undefined],
    ["hello", undefined],
    [{ kind: "exec", id: 4 }, 4],
    [{ kind: "call", id: 5 }, 5],
    [{ kind: "call", id: "5", method: "ready" }, undefined],
  ])("is named, with the call to answer: %j", (raw, id) => {
    expect(messageFault(raw)).toMatchObject({ problem: expect.any(String), ...(id && { id }) });
    expect(messageFault(raw)?.id).toBe(id);
  });

  it("is not one that follows the protocol", () => {
    expect(messageFault({ kind: "call", id: 1, method: "ready", argument: {} })).toBeUndefined();
    expect(messageFault({ kind: "cancel", id: 1 })).toBeUndefined();
  });
});

describe("what the side panel may say of pins", () => {
  it("is a slot, with a head or without one to empty it", () => {
    expect(parsePin({ slot: "a", choice, runId: "r" })).toEqual({ slot: "a", choice });
    expect(parsePin({ slot: "b" })).toEqual({ slot: "b" });
    expect(parsePin({ slot: "b", choice: null })).toEqual({ slot: "b" });
    expect(parseChoosePin({ slot: "b", choice })).toEqual({ slot: "b", choice });
    expect(parseRunPin({ slot: "a" })).toEqual({ slot: "a", part: false });
    expect(parseRunPin({ slot: "a", part: true })).toEqual({ slot: "a", part: true });
  });

  it.each([
    [parsePin, undefined],
    [parsePin, { slot: "c" }],
    [parsePin, { slot: "a", choice: { ...choice, layer: -1 } }],
    [parsePin, { slot: "a", choice: "L0 H0" }],
    [parseChoosePin, { slot: "a" }],
    [parseRunPin, { slot: 1 }],
  ])("is refused otherwise: %o %j", (parse, raw) => {
    expect(() => parse(raw)).toThrow(expect.objectContaining({ code: "malformed-message" }));
  });
});
