import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cachedModels } from "../../../src/model/cache";
import { parseCard } from "../../../src/model/card";
import { parseConfig } from "../../../src/model/config";
import { embeddedModels } from "../../../src/model/embedded";
import { chooseGraph, fileModel, folderModel, precisionOf } from "../../../src/model/folder";
import { huggingFaceCache } from "../../../src/node/cacheFolder";
import { nodeFiles } from "../../../src/node/files";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), "headlight-models-"));
});
afterEach(() => rm(home, { recursive: true }));

async function put(relativePath: string, content: unknown = ""): Promise<string> {
  const file = path.join(home, relativePath);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
}

const card = { id: "tiny", kind: "causal", layers: 2, heads: 4, context: 128, positions: "rope" };

describe("a card", () => {
  it("is read with its heads of note and samples; parts of the wrong shape are left out", () => {
    const read = parseCard(
      {
        ...card,
        headsOfNote: [{ layer: 1, head: 3, behaviour: "induction", score: 0.95 }, { layer: -1 }, 7],
        samples: ["abc", { title: "T", text: "def" }, { title: "no text" }],
      },
      "card.json",
    );
    expect(read).toMatchObject({ id: "tiny", name: "tiny", nLayers: 2, nHeads: 4, positions: "rope" });
    expect(read.headsOfNote).toEqual([{ layer: 1, head: 3, behaviour: "induction", score: 0.95 }]);
    expect(read.samples.map(({ text }) => text)).toEqual(["abc", "def"]);
  });

  it.each([
    [null, "not an object"],
    [{}, '"id"'],
    [{ ...card, id: "../x" }, '"id"'],
    [{ ...card, heads: "8" }, '"heads"'],
  ])("is refused with what is wrong: %j", (raw, reason) => {
    expect(() => parseCard(raw, "card.json")).toThrow(reason);
  });
});

describe("a config.json", () => {
  // Field names as in the published configs of these architectures.
  it.each([
    [{ model_type: "gpt2", n_layer: 12, n_head: 12, n_positions: 1024 }, [12, 12, 1024]],
    [{ model_type: "distilbert", n_layers: 6, n_heads: 12, max_position_embeddings: 512 }, [6, 12, 512]],
    [{ model_type: "t5", num_layers: 8, num_heads: 6, is_encoder_decoder: true }, [8, 6, undefined]],
    [{ text_config: { num_hidden_layers: 4, num_attention_heads: 2 } }, [4, 2, undefined]],
    [{ n_layer: "12", n_head: -1, n_positions: 1.5 }, [undefined, undefined, undefined]],
    ["text", [undefined, undefined, undefined]],
  ])("%j", (raw, expected) => {
    const { nLayers, nHeads, context } = parseConfig(raw);
    expect([nLayers, nHeads, context]).toEqual(expected);
  });

  it.each([
    [{ model_type: "bert" }, "encoder"],
    [{ model_type: "bert", is_decoder: true }, "causal"],
    [{ architectures: ["LlamaForCausalLM"] }, "causal"],
    [{ is_encoder_decoder: true }, "encoder-decoder"],
    [{ model_type: "gpt2" }, "unknown"],
  ])("tells the kind of %j", (raw, kind) => {
    expect(parseConfig(raw).kind).toBe(kind);
  });
});

describe("how a model's makers generate with it", () => {
  const config = { model_type: "bart", eos_token_id: 2, decoder_start_token_id: 2 };
  it.each([
    [{}, {}, []],
    [{ forced_bos_token_id: 0 }, {}, [0]],
    [
      {
        forced_decoder_ids: [
          [1, 7],
          [2, 8],
        ],
      },
      {},
      [7, 8],
    ],
    // The language is the model's own to tell: nothing behind it is a prompt.
    [
      {
        forced_decoder_ids: [
          [1, null],
          [2, 8],
        ],
      },
      {},
      [],
    ],
    [{ forced_bos_token_id: 0 }, { forced_bos_token_id: 5 }, [5]],
    [{ forced_bos_token_id: 0 }, { forced_bos_token_id: null }, [0]],
    [{ forced_decoder_ids: "many" }, 7, []],
  ])("%j beside %j", (own, ofGeneration, prompt) => {
    expect(parseConfig({ ...config, ...own }, ofGeneration).targetPrompt).toEqual(prompt);
  });

  it("names the tokens that end a text, in generation_config.json before config.json", () => {
    expect(parseConfig(config, { eos_token_id: [3, 4] }).endTokenIds).toEqual([3, 4]);
    expect(parseConfig(config, {}).endTokenIds).toEqual([2]);
    expect(parseConfig(undefined, { eos_token_id: 3 }).endTokenIds).toEqual([3]);
  });

  it("is read from the file beside config.json", async () => {
    await put("two/config.json", config);
    await put("two/generation_config.json", { forced_bos_token_id: 5 });
    await put("two/model.onnx", "");
    const { source } = await folderModel(nodeFiles, path.join(home, "two"));
    expect(source.generationConfig).toBe(path.join(home, "two", "generation_config.json"));
  });
});

describe("embedded models", () => {
  it("lists folders with a card, the default first, and leaves other folders out", async () => {
    await put("alpha/card.json", { ...card, id: "alpha" });
    await put("code-4x8/card.json", { ...card, id: "code-4x8", name: "Code" });
    await put("code-4x8/tokenizer.json", {});
    await put("notes/readme.md");
    const entries = await embeddedModels(nodeFiles, home);
    expect(entries.map(({ source }) => source.id)).toEqual(["code-4x8", "alpha"]);
    expect(entries[0]).toMatchObject({
      source: { graph: path.join(home, "code-4x8/model.onnx") },
      summary: { name: "Code", hasTokenizer: true, context: 128 },
    });
    expect(entries[1]!.summary.hasTokenizer).toBe(false);
  });

  it("reads index.json where folders cannot be listed", async () => {
    await put("alpha/card.json", { ...card, id: "alpha" });
    await put("index.json", ["alpha", 3]);
    const entries = await embeddedModels({ ...nodeFiles, list: async () => [] }, home);
    expect(entries.map(({ source }) => source.id)).toEqual(["alpha"]);
  });

  it("is empty where nothing is installed", async () => {
    expect(await embeddedModels(nodeFiles, path.join(home, "nowhere"))).toEqual([]);
  });
});

describe("the graph of a folder", () => {
  it.each([
    [["onnx/model_q4.onnx", "onnx/model_fp16.onnx", "onnx/model.onnx"], "onnx/model.onnx"],
    [["onnx/model_q4.onnx", "onnx/model_quantized.onnx", "onnx/model_fp16.onnx"], "onnx/model_fp16.onnx"],
    [["onnx/model_O4.onnx", "onnx/model_int8.onnx"], "onnx/model_int8.onnx"],
    [["onnx/decoder_model.onnx", "onnx/encoder_model.onnx"], "onnx/encoder_model.onnx"],
    [["onnx/decoder_model_merged.onnx", "onnx/decoder_model.onnx"], "onnx/decoder_model_merged.onnx"],
    [["past.onnx"], "past.onnx"],
    [[], undefined],
  ])("of %j is %s", (graphs, chosen) => {
    expect(chooseGraph(graphs)).toBe(chosen);
  });

  it("states its precision in its name, or not", () => {
    expect(precisionOf("onnx/model_fp16.onnx")).toBe("fp16");
    expect(precisionOf("onnx/decoder_model_merged_q4.onnx")).toBe("q4");
    expect(precisionOf("onnx/model.onnx")).toBeUndefined();
  });
});

describe("a model folder", () => {
  it("is read with its config, tokenizer and size", async () => {
    await put("org/m/onnx/model.onnx", "12345");
    await put("org/m/config.json", { model_type: "gpt2", n_layer: 2, n_head: 4, n_positions: 64 });
    await put("org/m/vocab.json", {});
    await put("org/m/merges.txt");
    const entry = await folderModel(nodeFiles, path.join(home, "org/m"));
    expect(entry).toMatchObject({
      architecture: "gpt2",
      sizeBytes: 5,
      summary: { name: "m", source: "folder", nLayers: 2, nHeads: 4, context: 64, hasTokenizer: true },
      source: { vocab: path.join(home, "org/m/vocab.json"), merges: path.join(home, "org/m/merges.txt") },
    });
  });

  it("pairs an encoder with its decoder of the same precision", async () => {
    for (const name of ["encoder_model", "encoder_model_fp16", "decoder_model_fp16", "decoder_model"])
      await put(`onnx/${name}.onnx`);
    const { source } = await folderModel(nodeFiles, home);
    expect([source.graph, source.decoder]).toEqual(
      ["encoder_model.onnx", "decoder_model.onnx"].map((name) => path.join(home, "onnx", name)),
    );
  });

  it("without an .onnx file, or missing, is refused with the folder's name", async () => {
    await put("config.json", {});
    await expect(folderModel(nodeFiles, home)).rejects.toMatchObject({ code: "no-model" });
    await expect(folderModel(nodeFiles, path.join(home, "gone"))).rejects.toThrow("gone");
  });

  it("with a broken config.json is refused with the file's name", async () => {
    await put("model.onnx");
    await put("config.json", "{");
    await expect(folderModel(nodeFiles, home)).rejects.toThrow("config.json is not valid JSON");
  });
});

describe("a single .onnx file", () => {
  it("takes config and tokenizer from the folder above onnx/", async () => {
    await put("config.json", { n_positions: 9 });
    await put("tokenizer.json", {});
    const entry = await fileModel(nodeFiles, await put("onnx/model_q4.onnx"));
    expect(entry).toMatchObject({
      precision: "q4",
      summary: { context: 9, hasTokenizer: true, source: "file" },
    });
  });

  it("that is missing is named", async () => {
    await expect(fileModel(nodeFiles, path.join(home, "no.onnx"))).rejects.toMatchObject({
      code: "file-missing",
    });
  });
});

describe("the local cache", () => {
  it("lists repositories with a graph at the revision of refs/main", async () => {
    await put("models--org--a--b/refs/main", "rev2\n");
    await put("models--org--a--b/snapshots/rev1/onnx/model.onnx");
    await put("models--org--a--b/snapshots/rev2/onnx/model.onnx");
    await put("models--org--torch/snapshots/rev1/model.safetensors");
    await put("models--gpt2/snapshots/rev1/model.onnx");
    await put("datasets--x/snapshots/rev1/model.onnx");
    const entries = await cachedModels(nodeFiles, home);
    expect(entries.map(({ source }) => source.id)).toEqual(["gpt2", "org/a--b"]);
    expect(entries[1]!.source.graph).toContain("rev2");
  });

  it("is looked for where Hugging Face's libraries keep it", () => {
    expect(huggingFaceCache({ HF_HUB_CACHE: "/c", HF_HOME: "/h" })).toBe("/c");
    expect(huggingFaceCache({ HF_HOME: "/h" })).toBe(path.join("/h", "hub"));
    expect(huggingFaceCache({}, "/me")).toBe(path.join("/me", ".cache/huggingface/hub"));
  });
});
