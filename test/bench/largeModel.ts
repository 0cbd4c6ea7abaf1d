import { closeSync, openSync, writeSync } from "node:fs";
import { PbfWriter } from "pbf";

export const WIDTH = 1024;
const N_HEADS = 16;

/** Layers of attention with 3 x 4 MB of weights each, over an input "x" of [1, tokens, 1024]; always the same, written piece by piece. */
export function writeLargeModel(path: string, nLayers: number): void {
  const file = openSync(path, "w");
  const weights = new Uint8Array(WIDTH * WIDTH * 4);
  new Float32Array(weights.buffer).forEach((_, index, all) => (all[index] = Math.sin(index) / 32));
  const parts: Uint8Array[] = [];
  const shape = small("shape", [0, 0, N_HEADS, WIDTH / N_HEADS]);
  parts.push(shape, small("flat", [0, 0, WIDTH]));
  for (let layer = 0; layer < nLayers; layer++) parts.push(...layerParts(layer, weights));
  parts.push(field(11, typedInput("x")), field(12, value(`out.${nLayers - 1}`)));
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
        attribute.writeVarintField(20, 7);
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

/** float32 [1, tokens, WIDTH]. */
function typedInput(name: string): (pbf: PbfWriter) => void {
  const dim = (size: number | string) => (_: null, one: PbfWriter) =>
    typeof size === "number" ? one.writeVarintField(1, size) : one.writeStringField(2, size);
  const shape = (_: null, pbf: PbfWriter) => {
    for (const size of [1, "tokens", WIDTH]) pbf.writeMessage(1, dim(size), null);
  };
  const tensor = (_: null, pbf: PbfWriter) => {
    pbf.writeVarintField(1, 1);
    pbf.writeMessage(2, shape, null);
  };
  return (pbf) => {
    pbf.writeStringField(1, name);
    pbf.writeMessage(2, (_, type) => type.writeMessage(1, tensor, null), null);
  };
}
