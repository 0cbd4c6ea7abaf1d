import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import protobuf from "protobufjs";
import { instrument } from "../../src/onnx/instrument";
import type { ByteSource } from "../../src/onnx/wire";
import { writeLargeModel } from "./largeModel";
import type { BenchRow } from "./tokenizer.bench";

const N_LAYERS = 40;
const N_PAIRS = 7;
/** So often until the compiler has done with it: 50 ms at first, 6 ms from the thirtieth time on (measured). */
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
    writeLargeModel(path, N_LAYERS);
    const decoder = modelDecoder();
    const decoded = () => Promise.resolve(decoder(readFileSync(path)));
    const first = { ours: await measured(() => instrumented(path)), theirs: await measured(decoded) };
    for (let round = 0; round < N_WARMING; round++) await instrumented(path);
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let pair = 0; pair < N_PAIRS; pair++) {
      // Several of ours, since the first pays for freeing what the decoder before it held.
      const times: number[] = [];
      for (let round = 0; round < N_PAIRS; round++) times.push((await timed(() => instrumented(path))).ms);
      ours.push(median(times));
      theirs.push((await timed(decoded)).ms);
    }
    const ratios = ours.map((ms, pair) => ms / (theirs[pair] ?? 0));
    const megabytes = statSync(path).size / 1e6;
    const name = `scan and instrument ${megabytes.toFixed(0)} MB over protobufjs`;
    return [
      { name: `${name}: time`, value: median(ratios), unit: "ratio", aim: 0.05 },
      { name: `${name}: time, first time of each`, value: first.ours.ms / first.theirs.ms, unit: "ratio" },
      { name: `${name}: memory`, value: first.ours.bytes / first.theirs.bytes, unit: "ratio", aim: 0.05 },
      { name: "scan and instrument: processor time, first time", value: first.ours.ms, unit: "ms" },
      { name: "protobufjs: processor time, first time", value: first.theirs.ms, unit: "ms" },
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
  await settle();
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
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let round = 0; round < 3; round++) {
    collect();
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
