import fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { behaviours } from "../../../src/core/describeHead";
import {
  cannotContinue,
  continuationTooLong,
  emptyText,
  tooManyTokens,
  unknownRun,
  workerDied,
} from "../../../src/core/errors";
import { crossingMeanings } from "../../../src/core/probe/crossing";
import { statisticMeanings, statisticNames } from "../../../src/core/statistics";
import { statisticLabel } from "../../../webview/state/readout";
import * as errors from "../../../src/host/errors";
import { localise } from "../../../src/host/localise";

const root = path.resolve(import.meta.dirname, "../../..");
const read = (file: string) =>
  JSON.parse(fs.readFileSync(path.join(root, file), "utf8")) as Record<string, string>;
const placeholders = (text: string) => (text.match(/\{\d+\}/g) ?? []).sort();

/** Every literal that the extension's and the pages' code hands to a translation, and what the side panel looks up by name. */
function wordsInCode(): string[] {
  const files = ["src/host", "webview"].flatMap((folder) =>
    fs
      .readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => path.join(root, folder, file)),
  );
  files.push(path.join(root, "src/core/probe/modelCard.ts"));
  const sources = files.map((file) => fs.readFileSync(file, "utf8"));
  const literals = sources.flatMap((text) => [...text.matchAll(/\bt\(\s*"((?:[^"\\]|\\.)*)"/g)]);
  return [
    ...literals.map(([, literal]) => JSON.parse(`"${literal}"`) as string),
    ...statisticNames.flatMap((name) => [statisticLabel(name), statisticMeanings[name]]),
    ...Object.values(behaviours),
    ...Object.entries(crossingMeanings).flat(),
    ...["causal", "encoder", "encoder-decoder", "decoder", "cross", "unknown"],
    ...["mostly {0}", "partly {0}", "one token for each query; largest weight"],
    "spread as over {0} equal tokens; entropy in bits",
  ];
}

/** What the manifest names as %key%. */
function wordsInManifest(): string[] {
  const manifest = fs.readFileSync(path.join(root, "package.json"), "utf8");
  return [...manifest.matchAll(/"%([^%"]+)%"/g)].map(([, key]) => key!);
}

describe.each(["zh-cn", "ru"])("the translation %s", (language) => {
  const bundle = read(`l10n/bundle.l10n.${language}.json`);
  const manifest = read(`package.nls.${language}.json`);

  it("has all that the code says, with the same places for values", () => {
    const words = wordsInCode();
    expect(words.length).toBeGreaterThan(40);
    expect(words.filter((word) => !bundle[word])).toEqual([]);
    for (const [english, translated] of Object.entries(bundle)) {
      expect([english, placeholders(translated)]).toEqual([english, placeholders(english)]);
    }
  });

  it("has all that the manifest names, and nothing else", () => {
    expect(Object.keys(manifest).sort()).toEqual([...new Set(wordsInManifest())].sort());
    expect(Object.keys(read("package.nls.json")).sort()).toEqual(Object.keys(manifest).sort());
  });

  it.each([
    emptyText(),
    unknownRun("r"),
    workerDied("code 1"),
    tooManyTokens("Code 4x8", 1300, 512),
    continuationTooLong("Code 4x8", 500, 64, 512),
    continuationTooLong("Code 4x8", 512, 64, 512),
    cannotContinue("Encoder"),
    errors.tooMuchText(10_485_760, 200_000),
    errors.unknownModel("a b"),
    errors.noEditor(),
    errors.binaryText(),
    errors.staleText(),
    errors.noInspection(),
    errors.notTwoSelections(3),
    errors.notTwoSelections(1),
    errors.documentGone(),
  ])("says the failure $code with its values", ({ message }) => {
    const translate = (text: string, ...args: (string | number)[]) =>
      (bundle[text] ?? text).replace(/\{(\d+)\}/g, (_, index: string) => String(args[Number(index)]));
    const said = localise(message, translate);
    expect(said).not.toBe(message);
    for (const value of message.match(/\d[\d,]*/g) ?? []) expect(said).toContain(value);
  });
});
