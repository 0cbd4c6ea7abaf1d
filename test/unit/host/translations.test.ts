import fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { emptyText, tooManyTokens, unknownRun, workerDied } from "../../../src/core/errors";
import * as errors from "../../../src/host/errors";
import { localise } from "../../../src/host/localise";

const root = path.resolve(import.meta.dirname, "../../..");
const read = (file: string) =>
  JSON.parse(fs.readFileSync(path.join(root, file), "utf8")) as Record<string, string>;
const placeholders = (text: string) => (text.match(/\{\d+\}/g) ?? []).sort();

/** Every literal that the extension's code hands to a translation. */
function wordsInCode(): string[] {
  const folder = path.join(root, "src", "host");
  const sources = fs.readdirSync(folder).map((file) => fs.readFileSync(path.join(folder, file), "utf8"));
  const literals = sources.flatMap((text) => [...text.matchAll(/\bt\(\s*"((?:[^"\\]|\\.)*)"/g)]);
  return literals.map(([, literal]) => JSON.parse(`"${literal}"`) as string);
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
    errors.tooMuchText(10_485_760, 200_000),
    errors.unknownModel("a b"),
    errors.noEditor(),
    errors.binaryText(),
    errors.staleText(),
    errors.noInspection(),
  ])("says the failure $code with its values", ({ message }) => {
    const translate = (text: string, ...args: (string | number)[]) =>
      (bundle[text] ?? text).replace(/\{(\d+)\}/g, (_, index: string) => String(args[Number(index)]));
    const said = localise(message, translate);
    expect(said).not.toBe(message);
    for (const value of message.match(/\d[\d,]*/g) ?? []) expect(said).toContain(value);
  });
});
