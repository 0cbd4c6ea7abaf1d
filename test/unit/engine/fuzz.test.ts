import { describe, expect, it } from "vitest";
import { HeadlightError, toReport } from "../../../src/core/errors";
import { createService } from "../../../src/engine/worker/service";
import type { Files } from "../../../src/model/files";
import { nodePlatform } from "../../../src/node/platform";
import type { InspectRequest } from "../../../src/protocol/engineContract";
import { runtimeFolder } from "../node/built";
import { mutate, random } from "../onnx/mutate";
import { hasFixtures, readFixture } from "../onnx/fixtures";

const CASES = 1500;
const LONGEST_MS = 60_000;
/** Above this a case is as good as a hang on graphs of this size. */
const LONGEST_CASE_MS = 10_000;

const paths = [
  "fusion__gpt2_one_layer.onnx",
  "fusion__attention_mask_no_cast.onnx",
  "attention_mha.onnx",
  "attention_opt.onnx",
].map((name) => `ort-graphs/${name}`);

/** One model file and nothing beside it; what else is asked for is kept. */
function oneFile(bytes: () => Uint8Array, asked: string[]): Files {
  const read = (reference: string) => {
    if (reference !== "/model/model.onnx") asked.push(reference);
    return bytes();
  };
  return {
    open: async (reference) => {
      const file = read(reference);
      const part = (from: number, length: number) => {
        if (from < 0 || from + length > file.byteLength)
          throw new HeadlightError("file-too-short", "too short");
        return file.slice(from, from + length);
      };
      return {
        byteLength: file.byteLength,
        read: async (from, length) => part(from, length),
        readSync: part,
        close: async () => {},
      };
    },
    readAll: async (reference) => read(reference),
    exists: async (reference) => reference === "/model/model.onnx",
    list: async () => [],
    within: (folder, path) => `${folder}/${path}`,
    folderOf: () => "/model",
  };
}

describe.skipIf(!hasFixtures)("the engine on mutated models", () => {
  it("ends each in a run or in one sentence, and goes on with the next", async () => {
    let bytes = new Uint8Array(0);
    const asked: string[] = [];
    const platform = { ...nodePlatform(runtimeFolder), files: oneFile(() => bytes, asked) };
    const engine = createService(platform, {
      progress: () => {},
      stubborn: () => {},
      swelled: () => {},
      log: () => {},
    });
    const originals = paths.map(readFixture);
    const next = random(20261121);
    const outcomes = new Map<string, number>();
    const { signal } = new AbortController();
    const start = performance.now();
    for (let index = 0; index < CASES && performance.now() - start < LONGEST_MS; index++) {
      bytes = mutate(originals[Math.floor(next() * originals.length)]!, next) as Uint8Array<ArrayBuffer>;
      const model = { id: `m${index}`, name: "m", source: "file", graph: "/model/model.onnx" } as const;
      const request: InspectRequest = { model, ids: [1, 2, 3] };
      const before = performance.now();
      const outcome = await Promise.resolve(engine.inspect(request, { signal })).then(
        () => "a run",
        (error: unknown) => toReport(error),
      );
      expect(performance.now() - before).toBeLessThan(LONGEST_CASE_MS);
      const code = typeof outcome === "string" ? outcome : outcome.code;
      expect(typeof outcome === "string" ? "" : `${code}: ${outcome.message} ${outcome.detail}`).not.toMatch(
        /^unexpected/,
      );
      outcomes.set(code, (outcomes.get(code) ?? 0) + 1);
    }
    const total = [...outcomes.values()].reduce((a, b) => a + b, 0);
    console.info(`${total} mutated models`, Object.fromEntries(outcomes));
    expect(total).toBeGreaterThan(300);
    expect(outcomes.get("damaged-model") ?? 0).toBeGreaterThan(0);
    expect(asked.every((reference) => reference.startsWith("/model/"))).toBe(true);
  }, 120_000);
});
