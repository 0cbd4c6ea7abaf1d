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
  | { readonly name: string; readonly text: string };

export interface NewOutput {
  readonly name: string;
  readonly type?: string;
  readonly rank?: number;
}

/** A small constant to add as an initialiser. */
export interface NewConstant {
  readonly name: string;
  readonly type: "int64" | "float32";
  readonly dims: readonly number[];
  readonly numbers: readonly number[];
}

/** Everything that goes into a graph behind what it has (field numbers: onnx.proto3). */
export interface Addition {
  readonly nodes: readonly NewNode[];
  readonly outputs: readonly NewOutput[];
  readonly constants: readonly NewConstant[];
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

function writeGraphParts(addition: Addition, pbf: PbfWriter): void {
  for (const constant of addition.constants) pbf.writeMessage(5, writeConstant, constant);
  for (const node of addition.nodes) pbf.writeMessage(1, writeNode, node);
  for (const output of addition.outputs) pbf.writeMessage(12, writeOutput, output);
}

export function writeNode(node: NewNode, pbf: PbfWriter): void {
  for (const name of node.inputs) pbf.writeStringField(1, name);
  for (const name of node.outputs) pbf.writeStringField(2, name);
  pbf.writeStringField(4, node.opType);
  for (const attribute of node.attributes ?? []) pbf.writeMessage(5, writeAttribute, attribute);
  if (node.domain) pbf.writeStringField(7, node.domain);
}

export function writeAttribute(attribute: NewAttribute, pbf: PbfWriter): void {
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
  } else {
    pbf.writeStringField(4, attribute.text);
    pbf.writeVarintField(20, 3);
  }
}

function writeOutput(output: NewOutput, pbf: PbfWriter): void {
  pbf.writeStringField(1, output.name);
  if (!output.type) return;
  pbf.writeMessage(
    2,
    (type: string, typeProto) => {
      typeProto.writeMessage(
        1,
        (code: number, tensor) => {
          tensor.writeVarintField(1, code);
        },
        elementTypeCode(type),
      );
    },
    output.type,
  );
}

function writeConstant(constant: NewConstant, pbf: PbfWriter): void {
  for (const dim of constant.dims) pbf.writeVarintField(1, dim);
  pbf.writeVarintField(2, elementTypeCode(constant.type));
  pbf.writeStringField(8, constant.name);
  const bytes = new Uint8Array(constant.numbers.length * (constant.type === "int64" ? 8 : 4));
  const view = new DataView(bytes.buffer);
  constant.numbers.forEach((number, index) => {
    if (constant.type === "int64") view.setBigInt64(index * 8, BigInt(number), true);
    else view.setFloat32(index * 4, number, true);
  });
  pbf.writeBytesField(9, bytes);
}
