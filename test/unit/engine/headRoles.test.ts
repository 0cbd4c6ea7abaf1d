import { readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { behaviours, describeHead } from "../../../src/core/describeHead";
import { probeCode, probeProse } from "../../../src/core/probe/texts";
import type { RunSummary } from "../../../src/core/run";
import { uniformNumbers } from "../../../src/core/scoring/random";
import { softmaxRows } from "../../../src/core/softmax";
import { earlierOccurrences, statisticsOf } from "../../../src/core/statistics";
import { tensor } from "../../../src/core/tensor";
import { textRelations } from "../../../src/core/textRelations";
import type { Engine } from "../../../src/engine/engine";
import type { HeadStatistics } from "../../../src/protocol/slices";
import { home } from "../node/built";
import { inlineEngine, modelSource } from "../../support/writtenRun";

let engine: Engine;
beforeAll(() => {
  engine = inlineEngine();
});
afterAll(() => engine.stop());

interface Card {
  readonly headsOfNote: readonly {
    readonly behaviour: string;
    readonly layer: number;
    readonly head: number;
  }[];
}

async function read(id: string, text: string): Promise<{ run: RunSummary; all: HeadStatistics[] }> {
  const run = await engine.inspect({ model: await modelSource(id), text });
  const all = await engine.statistics({ runId: run.runId, block: run.blocks[0]!.kind });
  return { run, all };
}

const box = "Tom opened the red box. Anna closed the red box. Tom opened the red box. Anna closed the";
const brackets =
  "result = merge(load(paths[0]), {\n    'items': [parse(line, (1, 2)) for line in lines],\n    'names': sorted(names),\n})\n";
const strings =
  "print(\"the file was not found\", path, 'it is not a list')\nraise ValueError('expected a number')\n";
const green = "She closed the red box, and then she opened the green one.";

// What each head was found to do when its model was trained, on other texts: training/, the cards' heads of note.
describe("a head whose role is known is described by it", () => {
  it.each<[string, string, string, keyof typeof behaviours]>([
    ["code-4x8", "previous token", box, "previousToken"],
    ["code-4x8", "induction", box, "induction"],
    ["code-4x8", "self", box, "self"],
    ["code-4x8", "bracket", brackets, "insideBracket"],
    ["code-4x8", "quote", strings, "insideQuote"],
    ["letters-2x2", "previous token", "abcdefgabcdefg", "previousToken"],
    ["letters-2x2", "induction", "abcdefgabcdefg", "induction"],
    ["letters-2x2", "induction", "kato mira kato mira", "induction"],
    ["encoder-4x8", "previous token", green, "previousToken"],
    ["encoder-4x8", "next token", green, "nextToken"],
    ["encoder-4x8", "self", green, "self"],
  ])("%s, %s", async (id, behaviour, text, expected) => {
    const card = JSON.parse(readFileSync(path.join(home.modelsFolder, id, "card.json"), "utf8")) as Card;
    const { layer, head } = card.headsOfNote.find((each) => each.behaviour === behaviour)!;
    const { all } = await read(id, text);
    const own = all.find(({ address }) => address.layer === layer && address.head === head)!;
    expect(describeHead(own.values, own.uniform)).toMatchObject({ how: "mostly", what: expected });
  });
});

/** How far a head goes beyond chance towards the place it favours most. */
function furthest(
  values: Readonly<Record<string, number>>,
  uniform: Readonly<Record<string, number>>,
): number {
  const ways = Object.keys(behaviours).flatMap((name) =>
    values[name] === undefined ? [] : [(values[name] - uniform[name]!) / (1 - uniform[name]!)],
  );
  return Math.max(...ways);
}

describe("a head without a role", () => {
  it.each([probeCode[0]!, probeCode[2]!, probeProse[0]!, probeProse[1]!])(
    "is named after none: random scores on %.24s…",
    { timeout: 30_000 },
    async (text) => {
      const { run, all } = await read("code-4x8", text);
      const n = run.tokens.length;
      expect(n).toBeGreaterThan(150);
      const earlier = earlierOccurrences(run.tokens.map(({ id }) => id));
      const relations = textRelations(run.tokens);
      const uniform = all[0]!.uniform!;
      const random = uniformNumbers(7);
      const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
      for (let drawn = 0; drawn < 100; drawn++) {
        const data = new Float32Array(n * n);
        for (let query = 0; query < n; query++) {
          const scores = Float32Array.from({ length: query + 1 }, () => 4 * normal());
          data.set(softmaxRows(tensor([1, query + 1], scores)).data, query * n);
        }
        const values = statisticsOf(tensor([n, n], data), earlier, relations) as Record<string, number>;
        expect(furthest(values, uniform)).toBeLessThan(0.2);
        expect(describeHead(values, uniform)!.how).toBe("otherwise");
      }
      // The same measure tells trained heads apart from those.
      const trained = all.filter((each) => furthest(each.values, each.uniform!) > 0.2);
      expect(trained.length).toBeGreaterThan(15);
    },
  );
});
