import { describe, expect, it } from "vitest";
import { parseEnded, parsePageEngineMessage, parseRefusal } from "../../../src/protocol/pageEngine";

describe("what a page says of its engines", () => {
  it.each([
    null,
    "page-engine",
    { kind: "call", lane: "engine", engine: 1 },
    { kind: "page-engine", lane: "constructor", engine: 1 },
    { kind: "page-engine", lane: "engine", engine: "1" },
  ])("is no message of an engine: %j", (raw) => expect(parsePageEngineMessage(raw)).toBeUndefined());

  it("is a message of an engine where kind, lane and number say so", () => {
    const message = { kind: "page-engine", lane: "files", engine: 2, message: { any: "thing" } };
    expect(parsePageEngineMessage(message)).toEqual(message);
  });

  it.each([
    [{}, undefined],
    [undefined, undefined],
    [{ refused: { code: "no-adapter" } }, { code: "no-adapter" }],
    [{ refused: { code: "software-adapter", detail: "X" } }, { code: "software-adapter", detail: "X" }],
    [{ refused: { code: "<script>", detail: 5 } }, { code: "no-webgpu" }],
  ])("refuses an engine: %j", (answer, refusal) => expect(parseRefusal(answer)).toEqual(refusal));

  it.each([
    [undefined, undefined],
    [{ engine: "1", reason: "x" }, undefined],
    [
      { engine: 1, reason: "x", isGpuLost: "yes" },
      { engine: 1, reason: "x", isGpuLost: false },
    ],
    [
      { engine: 1, reason: "x", isGpuLost: true },
      { engine: 1, reason: "x", isGpuLost: true },
    ],
  ])("ends an engine: %j", (raw, ended) => expect(parseEnded(raw)).toEqual(ended));
});
