import path from "node:path";
import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { bestHeads, drawDistinct, probeHead, type ProbeInput } from "../../../src/core/probe/probe";
import { enclosing } from "../../../src/core/probe/relations";
import { probeCode } from "../../../src/core/probe/texts";
import { tensor } from "../../../src/core/tensor";
import type { Token } from "../../../src/core/token";
import { createEngine } from "../../../src/engine/handle";
import { inlineStarter } from "../../../src/engine/inline";
import { createService } from "../../../src/engine/worker/service";
import { parseCard } from "../../../src/model/card";
import { embeddedModels } from "../../../src/model/embedded";
import { nodeFiles } from "../../../src/node/files";
import { nodePlatform } from "../../../src/node/platform";

const root = path.resolve(import.meta.dirname, "../../..");
const modelsFolder = path.join(root, "media/models");
const platform = nodePlatform(path.dirname(require.resolve("onnxruntime-web")));
const engine = createEngine(
  inlineStarter((emit) => createService(platform, emit)),
  { threads: 1, byteBudget: 1e8 },
);
afterAll(() => engine.stop());

/** One token for each character. */
const characters = (text: string): Token[] =>
  [...text].map((sign, at) => ({
    id: sign.charCodeAt(0),
    text: sign,
    piece: sign,
    start: at,
    end: at + 1,
    special: false,
  }));

/** What a card calls it, and what the probe does. The cards' own figures are of other texts (training/README.md). */
const names: Readonly<Record<string, string>> = {
  induction: "induction",
  "previous token": "previousToken",
  "next token": "nextToken",
  bracket: "insideBracket",
  quote: "insideQuote",
};

describe("what encloses a token of code", () => {
  it("is the innermost open bracket and the open quote, between what opens and what closes them", () => {
    const text = "f(a[0], 'x)')";
    const { bracket, quote } = enclosing(text, characters(text));
    //               f   (  a  [  0  ]  ,     '  x  )  '  )
    expect([...bracket]).toEqual([-1, -1, 1, 1, 3, 1, 1, 1, 1, 1, 1, 1, -1]);
    expect([...quote]).toEqual([-1, -1, -1, -1, -1, -1, -1, -1, -1, 8, 8, -1, -1]);
  });

  it("stays inside a string over an escaped quote", () => {
    const text = '"a\\"b" c';
    expect([...enclosing(text, characters(text)).quote]).toEqual([-1, 0, 0, 0, 0, -1, -1, -1]);
  });

  it("is closed again at the end of each of the probe's texts", () => {
    for (const text of probeCode) {
      const { bracket, quote } = enclosing(text, characters(text));
      expect([bracket.at(-1), quote.at(-1)]).toEqual([-1, -1]);
    }
  });
});

describe("constructed heads", () => {
  it("that look at the innermost bracket score 1 inside brackets, and 0 in quotes", () => {
    const text = "f(a[0], x)";
    const tokens = characters(text);
    const { bracket } = enclosing(text, tokens);
    const n = tokens.length;
    const data = new Float32Array(n * n);
    bracket.forEach((opener, query) => (data[query * n + Math.max(0, opener)] = 1));
    const input: ProbeInput = { kind: "code", text, tokens };
    expect(probeHead(input, tensor([n, n], data))).toMatchObject({ insideBracket: 1 });
    expect(probeHead(input, tensor([n, n], data))).not.toHaveProperty("insideQuote");
  });

  it("that look at what followed the token before score 1 on a repeated sequence", () => {
    const ids = [5, 3, 9, 5, 3, 9];
    const tokens = ids.map((id) => ({ ...characters("x")[0]!, id }));
    const n = ids.length;
    const data = new Float32Array(n * n);
    ids.forEach((_, query) => (data[query * n + Math.max(0, query - 2)] = 1));
    expect(probeHead({ kind: "random", text: "", tokens }, tensor([n, n], data))).toEqual({
      induction: 1,
      duplicate: 0,
    });
  });

  it("get distinct tokens in an order that the seed decides", () => {
    const all = Array.from({ length: 29 }, (_, id) => id);
    const drawn = drawDistinct(all, 24, 1);
    expect(new Set(drawn).size).toBe(24);
    expect(drawDistinct(all, 24, 1)).toEqual(drawn);
    expect(drawDistinct(all, 24, 2)).not.toEqual(drawn);
    expect(drawDistinct(all, 99, 1)).toHaveLength(29);
  });
});

describe.each(["code-4x8", "letters-2x2", "encoder-4x8"])("the probe of %s", (id) => {
  it("finds the heads that its card knows", { timeout: 120_000 }, async () => {
    const entry = (await embeddedModels(nodeFiles, modelsFolder)).find(({ source }) => source.id === id)!;
    const card = parseCard(JSON.parse(readFileSync(path.join(modelsFolder, id, "card.json"), "utf8")), id);
    const known = card.headsOfNote.filter(({ behaviour }) => behaviour in names);
    expect(known.length).toBeGreaterThan(1);
    const report = await engine.probe({ model: entry.source });
    const best = bestHeads(report);
    for (const { behaviour, block, layer, head } of known) {
      const found = best.find(({ name }) => name === names[behaviour])!;
      expect([behaviour, found.address]).toEqual([behaviour, { block, layer, head }]);
      expect(found.value).toBeGreaterThan(0.5);
    }
  });
});

const dates = async (id: string) => {
  const entry = (await embeddedModels(nodeFiles, modelsFolder)).find(({ source }) => source.id === id)!;
  const card = parseCard(JSON.parse(readFileSync(path.join(modelsFolder, id, "card.json"), "utf8")), id);
  const pairs = card.samples.flatMap(({ text, targetText }) => (targetText ? [{ text, targetText }] : []));
  return { source: entry.source, card, pairs };
};

describe.each(["dates-2x4", "dates-additive", "dates-dot", "dates-scaled"])(
  "the cross-attention of %s",
  (id) => {
    it("has the heads for year, month and day that its training found", { timeout: 60_000 }, async () => {
      const { source, card, pairs } = await dates(id);
      expect(pairs).toHaveLength(5);
      const report = await engine.probe({ model: source, pairs });
      expect(report.inputs.filter(({ kind }) => kind === "pairs")).toHaveLength(5);
      const best = bestHeads(report);
      for (const field of ["year", "month", "day"]) {
        const known = card.headsOfNote.find(({ behaviour }) => behaviour === field)!;
        const found = best.find(({ name }) => name === field)!;
        expect([field, found.address]).toEqual([
          field,
          { block: "cross", layer: known.layer, head: known.head },
        ]);
        expect(found.value).toBeGreaterThan(0.75);
      }
      const cross = report.heads.filter(({ address }) => address.block === "cross");
      expect(cross.every(({ values }) => !("previousToken" in values))).toBe(true);
    });
  },
);

it(
  "without known targets gives the text as its own target, and ends when it is cancelled",
  { timeout: 60_000 },
  async () => {
    const { source } = await dates("dates-2x4");
    const report = await engine.probe({ model: source });
    expect(new Set(report.heads.map(({ address }) => address.block))).toEqual(
      new Set(["encoder", "decoder", "cross"]),
    );
    const cross = report.heads.find(({ address }) => address.block === "cross")!;
    expect(Object.keys(cross.values).sort()).toEqual(["copied", "monotonic"]);
    const controller = new AbortController();
    const running = engine.probe({ model: source }, { signal: controller.signal });
    controller.abort();
    await expect(running).rejects.toThrow("Cancelled");
  },
);
