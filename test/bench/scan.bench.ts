import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PbfWriter } from "pbf";
import protobuf from "protobufjs";
import { instrument } from "../../src/onnx/instrument";
import type { ByteSource } from "../../src/onnx/wire";
import type { BenchRow } from "./tokenizer.bench";

const N_LAYERS = 40;
const WIDTH = 1024;
const N_HEADS = 16;
const N_PAIRS = 7;
/** So often until the compiler has done with it: 50 ms at first, 11 ms from the thirtieth time on (measured). */
const N_WARMING = 40;

interface Cost {
  readonly ms: number;
  readonly bytes: number;
}

/**
 * Scanning and instrumenting a model of 500 MB against reading and decoding it with protobufjs, alternately in one
 * process: medians of the ratios of processor time, and what each holds while it has its result.
 */
export async function run(): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), "headlight-bench-"));
  try {
    const path = join(folder, "model.onnx");
    writeModel(path);
    const decoder = modelDecoder();
    const cold = await measured(() => instrumented(path));
    const held = {
      ours: cold.bytes,
      theirs: (await measured(() => Promise.resolve(decoder(readFileSync(path))))).bytes,
    };
    for (let round = 0; round < N_WARMING; round++) await instrumented(path);
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let pair = 0; pair < N_PAIRS; pair++) {
      // Several of ours, since the first pays for freeing what the decoder before it held.
      const times: number[] = [];
      for (let round = 0; round < N_PAIRS; round++) times.push((await timed(() => instrumented(path))).ms);
      ours.push(median(times));
      theirs.push((await timed(() => Promise.resolve(decoder(readFileSync(path))))).ms);
    }
    const ratios = ours.map((ms, pair) => ms / (theirs[pair] ?? 0));
    const megabytes = statSync(path).size / 1e6;
    const name = `scan and instrument ${megabytes.toFixed(0)} MB over protobufjs`;
    return [
      { name: `${name}: time`, value: median(ratios), unit: "ratio", aim: 0.05 },
      { name: `${name}: memory`, value: held.ours / held.theirs, unit: "ratio", aim: 0.05 },
      { name: "scan and instrument: processor time, first time", value: cold.ms, unit: "ms" },
      { name: "scan and instrument: processor time, warm", value: median(ours), unit: "ms" },
      { name: "protobufjs: processor time, warm", value: median(theirs), unit: "ms" },
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function instrumented(path: string): Promise<unknown> {
  const file = openSync(path, "r");
  const source: ByteSource = {
    byteLength: statSync(path).size,
    read(byteOffset, length) {
      const bytes = new Uint8Array(length);
      readSync(file, bytes, 0, length, byteOffset);
      return Promise.resolve(bytes);
    },
  };
  try {
    const model = await instrument(source, { capture: ["weights"], backend: "wasm", externalise: true });
    if (model.captured.length !== N_LAYERS) throw new Error(`${model.captured.length} layers found`);
    return model;
  } finally {
    closeSync(file);
  }
}

async function measured(work: () => Promise<unknown>): Promise<Cost> {
  await settle();
  const before = process.memoryUsage();
  const { ms, result } = await timed(work);
  const now = process.memoryUsage();
  if (!result) throw new Error("nothing came out");
  return { ms, bytes: now.heapUsed + now.external - before.heapUsed - before.external };
}

async function timed(work: () => Promise<unknown>): Promise<{ ms: number; result: unknown }> {
  const start = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(start);
  return { ms: (user + system) / 1000, result };
}

/** What the one before held must be gone, and the work of freeing it done. */
async function settle(): Promise<void> {
  for (let round = 0; round < 3; round++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

/** Decodes all of a ModelProto that matters here (field numbers: onnx.proto3). */
function modelDecoder(): (bytes: Uint8Array) => unknown {
  const { root } = protobuf.parse(`syntax = "proto3";
    message Entry { string key = 1; string value = 2; }
    message Tensor { repeated int64 dims = 1; int32 data_type = 2; repeated float float_data = 4; repeated int64 int64_data = 7;
      string name = 8; bytes raw_data = 9; repeated Entry external_data = 13; int32 data_location = 14; }
    message Attribute { string name = 1; float f = 2; int64 i = 3; bytes s = 4; Tensor t = 5; Graph g = 6; repeated float floats = 7;
      repeated int64 ints = 8; int32 type = 20; }
    message Node { repeated string input = 1; repeated string output = 2; string name = 3; string op_type = 4;
      repeated Attribute attribute = 5; string domain = 7; }
    message Value { string name = 1; bytes type = 2; }
    message Graph { repeated Node node = 1; string name = 2; repeated Tensor initializer = 5; repeated Value input = 11;
      repeated Value output = 12; repeated Value value_info = 13; }
    message Opset { string domain = 1; int64 version = 2; }
    message Model { int64 ir_version = 1; string producer_name = 2; Graph graph = 7; repeated Opset opset_import = 8; }`);
  const type = root.lookupType("Model");
  return (bytes) => type.decode(bytes);
}

/** Layers of attention with 3 x 4 MB of weights each, written piece by piece. */
function writeModel(path: string): void {
  const file = openSync(path, "w");
  const weights = new Uint8Array(WIDTH * WIDTH * 4);
  new Float32Array(weights.buffer).forEach((_, index, all) => (all[index] = Math.sin(index) / 32));
  const parts: Uint8Array[] = [];
  const shape = small("shape", [0, 0, N_HEADS, WIDTH / N_HEADS]);
  parts.push(shape, small("flat", [0, 0, WIDTH]));
  for (let layer = 0; layer < N_LAYERS; layer++) parts.push(...layerParts(layer, weights));
  parts.push(field(11, value("x")), field(12, value(`out.${N_LAYERS - 1}`)));
  const length = parts.reduce((sum, part) => sum + part.byteLength, 0);
  const head = new PbfWriter();
  head.writeVarintField(1, 8);
  head.writeTag(7, 2);
  head.writeVarint(length);
  writeSync(file, head.finish());
  for (const part of parts) writeSync(file, part);
  const tail = new PbfWriter();
  tail.writeMessage(8, (_, opset) => opset.writeVarintField(2, 17), null);
  writeSync(file, tail.finish());
  closeSync(file);
}

function layerParts(layer: number, weights: Uint8Array): Uint8Array[] {
  const name = (part: string) => `${part}.${layer}`;
  const parts: Uint8Array[] = [];
  const input = layer === 0 ? "x" : `out.${layer - 1}`;
  for (const part of ["q", "k", "v"]) {
    parts.push(tensor(name(`w${part}`), [WIDTH, WIDTH], weights));
    parts.push(node("MatMul", [input, name(`w${part}`)], name(part)));
    parts.push(node("Reshape", [name(part), "shape"], name(`${part}.split`)));
    const perm = part === "k" ? [0, 2, 3, 1] : [0, 2, 1, 3];
    parts.push(node("Transpose", [name(`${part}.split`)], name(`${part}.heads`), perm));
  }
  parts.push(node("MatMul", [name("q.heads"), name("k.heads")], name("scores")));
  parts.push(node("Softmax", [name("scores")], name("weights")));
  parts.push(node("MatMul", [name("weights"), name("v.heads")], name("mixed")));
  parts.push(node("Transpose", [name("mixed")], name("merged"), [0, 2, 1, 3]));
  parts.push(node("Reshape", [name("merged"), "flat"], name("joined")));
  parts.push(node("Add", [name("joined"), input], name("out")));
  return parts;
}

function field(number: number, content: (pbf: PbfWriter) => void): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeMessage(number, (_, inner) => content(inner), null);
  return pbf.finish();
}

function node(op: string, inputs: string[], output: string, perm?: number[]): Uint8Array {
  return field(1, (pbf) => {
    for (const name of inputs) pbf.writeStringField(1, name);
    pbf.writeStringField(2, output);
    pbf.writeStringField(4, op);
    if (!perm) return;
    pbf.writeMessage(
      5,
      (_, attribute) => {
        attribute.writeStringField(1, "perm");
        for (const axis of perm) attribute.writeVarintField(8, axis);
      },
      null,
    );
  });
}

function tensor(name: string, dims: number[], bytes: Uint8Array): Uint8Array {
  return field(5, (pbf) => {
    for (const dim of dims) pbf.writeVarintField(1, dim);
    pbf.writeVarintField(2, 1);
    pbf.writeStringField(8, name);
    pbf.writeBytesField(9, bytes);
  });
}

function small(name: string, numbers: number[]): Uint8Array {
  return field(5, (pbf) => {
    pbf.writeVarintField(1, numbers.length);
    pbf.writeVarintField(2, 7);
    for (const number of numbers) pbf.writeVarintField(7, number);
    pbf.writeStringField(8, name);
  });
}

function value(name: string): (pbf: PbfWriter) => void {
  return (pbf) => pbf.writeStringField(1, name);
}
