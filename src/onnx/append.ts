import { PbfWriter } from "pbf";
import { elementTypeCode } from "./graph";

/** A node to add: operator, what it reads, what it makes. */
export interface NewNode {
  readonly opType: string;
  readonly domain?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: readonly NewAttribute[];
}

export type NewAttribute =
  | { readonly name: string; readonly int: number }
  | { readonly name: string; readonly float: number }
  | { readonly name: string; readonly ints: readonly number[] }
  | { readonly name: string; readonly text: string }
  | { readonly name: string; readonly constant: NewConstant };

/** A small tensor; no dims is a scalar. */
export interface NewConstant {
  readonly type: "int64" | "float32";
  readonly dims: readonly number[];
  readonly numbers: readonly number[];
}

/** What goes into a graph behind what it has (field numbers: onnx.proto3). Outputs carry a name only. */
export interface Addition {
  readonly nodes: readonly NewNode[];
  readonly outputs: readonly string[];
  /** Ranges (two int64: first, end) that the graph is to be fed at each run. */
  readonly inputs: readonly string[];
  /** Element types that the runtime cannot infer. */
  readonly types: readonly { readonly name: string; readonly type: string }[];
}

/**
 * Bytes to write behind a model file: protobuf merges a second `graph` into the first, so its nodes and outputs come
 * after the model's own.
 */
export function appendedGraph(addition: Addition): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeMessage(7, writeGraphParts, addition);
  return pbf.finish();
}

/** The same fields without their envelope, to insert into a GraphProto. */
export function graphParts(addition: Addition): Uint8Array {
  const pbf = new PbfWriter();
  writeGraphParts(addition, pbf);
  return pbf.finish();
}

/** The same for a FunctionProto, whose outputs are names. */
export function functionParts(addition: Addition): Uint8Array {
  const pbf = new PbfWriter();
  for (const output of addition.outputs) pbf.writeStringField(5, output);
  for (const node of addition.nodes) pbf.writeMessage(7, writeNode, node);
  return pbf.finish();
}

/** Further outputs and attributes for a node that is there already. */
export function nodeParts(outputs: readonly string[], attributes: readonly NewAttribute[]): Uint8Array {
  const pbf = new PbfWriter();
  for (const output of outputs) pbf.writeStringField(2, output);
  for (const attribute of attributes) pbf.writeMessage(5, writeAttribute, attribute);
  return pbf.finish();
}

function writeGraphParts(addition: Addition, pbf: PbfWriter): void {
  for (const node of addition.nodes) pbf.writeMessage(1, writeNode, node);
  for (const input of addition.inputs) pbf.writeMessage(11, writeRangeInput, input);
  for (const output of addition.outputs) pbf.writeMessage(12, writeOutput, output);
  for (const typed of addition.types) pbf.writeMessage(13, writeTyped, typed);
}

function writeOutput(name: string, pbf: PbfWriter): void {
  pbf.writeStringField(1, name);
}

/** A ValueInfoProto of two int64. */
function writeRangeInput(name: string, pbf: PbfWriter): void {
  const writeLength = (_: string, shape: PbfWriter) =>
    shape.writeMessage(1, (length, dim) => dim.writeVarintField(1, length), 2);
  const writeTensor = (_: string, tensor: PbfWriter) => {
    tensor.writeVarintField(1, elementTypeCode("int64"));
    tensor.writeMessage(2, writeLength, name);
  };
  pbf.writeStringField(1, name);
  pbf.writeMessage(2, (_, type) => type.writeMessage(1, writeTensor, name), name);
}

/** A ValueInfoProto with a tensor type and no shape. */
function writeTyped(typed: { name: string; type: string }, pbf: PbfWriter): void {
  const code = elementTypeCode(typed.type);
  pbf.writeStringField(1, typed.name);
  pbf.writeMessage(
    2,
    (_, type) => type.writeMessage(1, (_, tensor) => tensor.writeVarintField(1, code), code),
    code,
  );
}

function writeNode(node: NewNode, pbf: PbfWriter): void {
  for (const name of node.inputs) pbf.writeStringField(1, name);
  for (const name of node.outputs) pbf.writeStringField(2, name);
  pbf.writeStringField(4, node.opType);
  for (const attribute of node.attributes ?? []) pbf.writeMessage(5, writeAttribute, attribute);
  if (node.domain) pbf.writeStringField(7, node.domain);
}

/** Field 20 is the kind: 1 float, 2 int, 3 string, 4 tensor, 7 ints. */
function writeAttribute(attribute: NewAttribute, pbf: PbfWriter): void {
  pbf.writeStringField(1, attribute.name);
  if ("int" in attribute) {
    pbf.writeVarintField(3, attribute.int);
    pbf.writeVarintField(20, 2);
  } else if ("float" in attribute) {
    pbf.writeFloatField(2, attribute.float);
    pbf.writeVarintField(20, 1);
  } else if ("ints" in attribute) {
    for (const number of attribute.ints) pbf.writeVarintField(8, number);
    pbf.writeVarintField(20, 7);
  } else if ("text" in attribute) {
    pbf.writeStringField(4, attribute.text);
    pbf.writeVarintField(20, 3);
  } else {
    pbf.writeMessage(5, writeConstant, attribute.constant);
    pbf.writeVarintField(20, 4);
  }
}

function writeConstant(constant: NewConstant, pbf: PbfWriter): void {
  const { type, numbers } = constant;
  for (const dim of constant.dims) pbf.writeVarintField(1, dim);
  pbf.writeVarintField(2, elementTypeCode(type));
  const size = type === "int64" ? 8 : 4;
  const bytes = new Uint8Array(numbers.length * size);
  const view = new DataView(bytes.buffer);
  numbers.forEach((number, index) => {
    if (type === "int64") view.setBigInt64(index * size, BigInt(number), true);
    else view.setFloat32(index * size, number, true);
  });
  pbf.writeBytesField(9, bytes);
}
