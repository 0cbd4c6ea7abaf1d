import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { copyFile, mkdir, rm, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { decode } from "fast-png";
import { zipSync } from "fflate";
import { dump } from "npyjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { build, fixtures, hasFixtures, headlight, headlightHere, temporaryFolder } from "./built";

let folder: string;
beforeAll(async () => {
  build();
  folder = await temporaryFolder();
});
afterAll(() => rm(folder, { recursive: true }));

const at = (name: string) => path.join(folder, name);
const gpt2 = path.join(fixtures, "models/gpt2-eager-ts-opset14");
const t5 = path.join(fixtures, "models/t5-eager-ts-opset17");
const vit = path.join(fixtures, "models/vit-eager-ts-opset17");

describe("wrong usage: exit code 2 and nothing on standard output", () => {
  it.each([
    [[], "A command is needed"],
    [["frobnicate"], 'no command "frobnicate"'],
    [["constructor"], 'no command "constructor"'],
    [["inspect", "--text", "x"], "--model is needed"],
    [["inspect", "--model", "m"], "One of --text, --file, --ids"],
    [["inspect", "--model", "m", "--text", "a", "--ids", "1"], "Only one of"],
    [["inspect", "--model", "m", "--text", "a", "--target-text", "b", "--target-ids", "1"], "Only one of"],
    [["inspect", "--model", "m", "--ids", "1,x"], "--ids takes whole numbers"],
    [["inspect", "--model", "m", "--text", "a", "--layers", "-1"], "--layers"],
    [["inspect", "--model", "m", "--text", "a", "--what", "wieghts"], '"wieghts"'],
    [["inspect", "--model", "m", "--text", "a", "--generate", "0"], "--generate takes one whole number"],
    [["inspect", "--model", "m", "--text", "a", "--generate", "3,4"], "--generate takes one whole number"],
    [["inspect", "--model", "m", "--text", "a", "--generate", "some"], "--generate takes whole numbers"],
    [["inspect", "--model", "m", "--text", "a", "--backend", "cuda"], '"cuda"'],
    [["inspect", "--model", "m", "--text", "a", "--out", "a.xyz"], ".npz"],
    [["inspect", "--model", "m", "--text", "a", "--frob"], "--frob"],
    [["tokens", "--model", "m"], "One of --text, --file, --jsonl"],
    [["graph"], "An .onnx file is needed"],
    [["graph", "a.onnx", "b.onnx"], "one argument too many"],
  ])("%j", async (args, reason) => {
    const { code, stdout, stderr } = await headlightHere(...args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(reason);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });
});

describe.skipIf(!hasFixtures)("bad input: exit code 1, one sentence, nothing written", () => {
  beforeAll(async () => {
    await writeFile(at("binary.txt"), Buffer.from([0xff, 0xfe, 0x00, 0xd8]));
    await writeFile(at("not.npz"), "not a zip");
    await writeFile(at("empty.npz"), zipSync({ "a.txt": new Uint8Array(1) }));
    await writeFile(at("not.onnx"), "certainly not a graph, but long enough to be read as one");
    await writeFile(at("lines.jsonl"), '"fine"\n42\n');
    await mkdir(at("cut/onnx"), { recursive: true });
    await copyFile(path.join(gpt2, "onnx/model.onnx"), at("cut/onnx/model.onnx"));
    await truncate(at("cut/onnx/model.onnx"), 200_000);
    const batch = new Uint8Array(dump(BigInt64Array.from([1n, 2n]), [2, 1]));
    await writeFile(at("batch.npz"), zipSync({ "input_ids.npy": batch }));
  });

  const inspect = (...args: string[]) => ["inspect", "--out", at("never.npz"), ...args];
  it.each([
    ["an unknown model", () => inspect("--model", "nope", "--text", "a"), 'no model "nope"'],
    ["a missing folder", () => inspect("--model", at("gone/"), "--text", "a"), "gone"],
    ["a folder without a graph", () => inspect("--model", fixtures, "--text", "a"), "no ONNX model"],
    ["a file that is no graph", () => inspect("--model", at("not.onnx"), "--ids", "1"), "ONNX"],
    ["a graph that is cut off", () => inspect("--model", at("cut"), "--ids", "1"), ""],
    ["an empty text", () => inspect("--model", gpt2, "--text", ""), "no text"],
    ["white space", () => inspect("--model", gpt2, "--text", " \n\t"), "no text"],
    ["a missing text file", () => inspect("--model", gpt2, "--file", at("gone.txt")), "gone.txt"],
    ["a file that is no text", () => inspect("--model", gpt2, "--file", at("binary.txt")), "not UTF-8"],
    ["an id beyond the vocabulary", () => inspect("--model", gpt2, "--ids", "1,1000"), "0 to 999"],
    ["too many ids", () => inspect("--model", gpt2, "--ids", Array(129).fill(1).join()), "129 tokens"],
    [
      "a layer that is not there",
      () => inspect("--model", gpt2, "--ids", "1", "--layers", "2"),
      "no layer 2",
    ],
    ["inputs that are no zip", () => inspect("--model", vit, "--inputs", at("not.npz")), "not.npz"],
    ["inputs without arrays", () => inspect("--model", vit, "--inputs", at("empty.npz")), "no .npy"],
    ["a batch of two", () => inspect("--model", gpt2, "--inputs", at("batch.npz")), "batch of 2"],
    ["text for a model of images", () => inspect("--model", vit, "--text", "a"), "pixel_values"],
    [
      "a folder that cannot be written",
      () => inspect("--model", gpt2, "--ids", "1", "--out", at("no/x.csv")),
      "x.csv",
    ],
    ["a line that is no string", () => ["tokens", "--model", gpt2, "--jsonl", at("lines.jsonl")], "Line 2"],
    ["a graph that is not there", () => ["graph", at("gone.onnx")], "gone.onnx"],
  ])("%s", async (_, args, reason) => {
    const { code, stdout, stderr } = await headlightHere(...args());
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(reason);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(readdirSync(folder).filter((name) => name.includes("never") || name.endsWith(".part"))).toEqual(
      [],
    );
  });

  it("10 MB of text is refused with numbers, within seconds", { timeout: 30_000 }, async () => {
    await writeFile(at("huge.txt"), "All work and no play. ".repeat(500_000));
    const { code, stderr } = await headlightHere("inspect", "--model", gpt2, "--file", at("huge.txt"));
    expect(code).toBe(1);
    expect(stderr).toMatch(/is [\d,]+ tokens; .* reads at most 128/);
  });
});

describe.skipIf(!hasFixtures)("headlight tokens", () => {
  const minilm = path.join(fixtures, "tokenizers/bert-uncased-minilm-l6");

  it("reads a folder that holds only a tokenizer; special tokens have no span", async () => {
    const { code, stdout } = await headlightHere(
      "tokens",
      "--model",
      minilm,
      "--text",
      "Hello wörld",
      "--json",
    );
    const tokens = JSON.parse(stdout) as { id: number; text: string; start: number; end: number }[];
    expect(code).toBe(0);
    expect(tokens[0]).toEqual({ id: 101, text: "[CLS]", start: -1, end: -1, special: true });
    expect(tokens[1]).toMatchObject({ start: 0, end: 5, text: "Hello", special: false });
  });

  it("answers --jsonl with one list for each line, and gives the reference's ids", async () => {
    const reference = JSON.parse(readFileSync(path.join(minilm, "reference.json"), "utf8")) as unknown;
    const cases = casesOf(reference).slice(0, 30);
    await writeFile(at("texts.jsonl"), cases.map(({ text }) => `${JSON.stringify(text)}\n`).join(""));
    const { stdout } = await headlightHere(
      "tokens",
      "--model",
      minilm,
      "--jsonl",
      at("texts.jsonl"),
      "--json",
    );
    const lists = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { id: number }[]);
    expect(lists.map((list) => list.map(({ id }) => id))).toEqual(cases.map(({ ids }) => ids));
  });
});

/** The texts and ids of a reference.json. */
function casesOf(reference: unknown): { text: string; ids: number[] }[] {
  return (reference as { rows: { text: string; ids: number[] }[] }).rows;
}

describe.skipIf(!hasFixtures)("headlight inspect", () => {
  it("ends by itself with the right exit code when run as a program", async () => {
    expect(await headlight("inspect", "--model", gpt2, "--ids", "1", "--out", at("x.npz"))).toEqual({
      code: 0,
      stdout: "",
      stderr: "",
    });
    expect(await headlight("inspect", "--model", gpt2, "--ids", "1000")).toMatchObject({
      code: 1,
      stdout: "",
    });
    expect(await headlight("inspect")).toMatchObject({ code: 2, stdout: "" });
  });

  it("sums up as JSON on standard output", async () => {
    const { stdout } = await headlightHere("inspect", "--model", gpt2, "--text", "Hello there", "--json");
    const run = JSON.parse(stdout) as Record<string, never>;
    expect(run).toMatchObject({
      model: { kind: "causal", nLayers: 2, nHeads: 4, context: 128, vocab: 1000 },
      text: "Hello there",
      backend: { name: "wasm" },
      blocks: [{ kind: "decoder", layers: [{ nHeads: 4, mask: { kind: "causal" } }, { layer: 1 }] }],
    });
  });

  it("writes the same numbers to .npz, .json and .csv", async () => {
    const outs = ["same.npz", "same.json", "same.csv"].flatMap((name) => ["--out", at(name)]);
    const what = ["--what", "weights,scores,qkv,output"];
    expect(await headlightHere("inspect", "--model", gpt2, "--ids", "5,6,7", ...what, ...outs)).toMatchObject(
      { code: 0 },
    );
    const json = JSON.parse(readFileSync(at("same.json"), "utf8")) as {
      layers: { weights: number[][][]; scores: (number | null)[][][]; q: number[][][] }[];
    };
    const { weights, scores, q } = json.layers[1]!;
    expect([weights.length, weights[0]!.length, q[0]!.length, q[0]![0]!.length]).toEqual([4, 3, 3, 8]);
    expect(scores[0]![0]![0]).toBeTypeOf("number");
    const rows = readFileSync(at("same.csv"), "utf8").trimEnd().split("\r\n");
    expect(rows[0]).toBe("block,layer,head,query,key,query_token,key_token,weight,score");
    expect(rows).toHaveLength(1 + 2 * 4 * 3 * 3);
    const row = rows.find((line) => line.startsWith("decoder,1,3,2,1,"))!.split(",");
    expect(Number(row.at(-2))).toBe(weights[3]![2]![1]);
  });

  it("runs an encoder-decoder on a target text, and names its three blocks", async () => {
    const args = ["--text", "translate English to German: hi", "--target-text", "hallo", "--json"];
    const { stdout } = await headlightHere("inspect", "--model", t5, ...args);
    const run = JSON.parse(stdout) as { blocks: { kind: string }[]; targetTokens: { id: number }[] };
    expect(run.blocks.map(({ kind }) => kind).sort()).toEqual(["cross", "decoder", "encoder"]);
    // decoder_start_token_id of its config.json comes first.
    expect(run.targetTokens[0]!.id).toBe(0);
    expect(run.targetTokens.length).toBeGreaterThan(1);
  });

  it("draws an overview as .svg and .png, and one layer's heads with their tokens", async () => {
    const outs = ["--out", at("all.svg"), "--out", at("all.png")];
    expect(await headlightHere("inspect", "--model", gpt2, "--ids", "5,6,7", ...outs)).toMatchObject({
      code: 0,
    });
    const layer = ["--layers", "1", "--out", at("layer.svg")];
    expect(await headlightHere("inspect", "--model", gpt2, "--text", "a <b> & c", ...layer)).toMatchObject({
      code: 0,
    });
    const { width, height } = decode(readFileSync(at("all.png")));
    expect([width > 400, height > 200]).toEqual([true, true]);
    expect(readFileSync(at("all.svg"), "utf8")).toMatch(/^<svg /);
    const svg = readFileSync(at("layer.svg"), "utf8");
    expect(svg.match(/decoder layer 1, head \d/g)?.length).toBeGreaterThanOrEqual(4);
    expect(svg).not.toContain("<b>");
  });

  const hasNumpy = spawnSync("python3", ["-c", "import numpy"]).status === 0;
  if (!hasNumpy) console.warn("No Python with NumPy: that it reads our .npz is not tested.");
  it.skipIf(!hasNumpy)("writes an .npz that NumPy reads, with the keys of the contract", async () => {
    const args = ["--model", t5, "--ids", "10,11,1", "--target-ids", "0,5", "--what", "weights,qkv"];
    expect(await headlightHere("inspect", ...args, "--out", at("numpy.npz"))).toMatchObject({ code: 0 });
    const script = `import numpy, json; z = numpy.load(${JSON.stringify(at("numpy.npz"))})
print(json.dumps({k: [str(z[k].dtype), list(z[k].shape)] for k in z}))
w = z["decoder.weights.1"]; assert abs(w.sum(-1) - 1).max() < 1e-5 and w[:, 0, 1].max() == 0`;
    const arrays = JSON.parse(execFileSync("python3", ["-c", script], { encoding: "utf8" })) as object;
    expect(arrays).toMatchObject({
      ids: ["int64", [3]],
      spans: ["int32", [3, 2]],
      target_ids: ["int64", [2]],
      "encoder.weights.0": ["float32", [4, 3, 3]],
      "decoder.weights.1": ["float32", [4, 2, 2]],
      "cross.weights.1": ["float32", [4, 2, 3]],
      "cross.k.0": ["float32", [4, 3, 4]],
    });
  });
});

describe("headlight models", () => {
  it("lists what ships, with what cards say", async () => {
    const { code, stdout } = await headlightHere("models", "--json");
    expect(code).toBe(0);
    const models = JSON.parse(stdout) as { id: string; source: string; graph: string }[];
    for (const { graph } of models) expect(existsSync(graph)).toBe(true);
  });
});
