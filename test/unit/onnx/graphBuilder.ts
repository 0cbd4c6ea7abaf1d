import { PbfWriter } from "pbf";

/** Writes small models for tests, field by field (onnx.proto3). */
export interface NodeParts {
  readonly op: string;
  readonly domain?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly ints?: Readonly<Record<string, number | readonly number[]>>;
  readonly texts?: Readonly<Record<string, string>>;
  readonly graphs?: Readonly<Record<string, GraphParts>>;
}

export interface GraphParts {
  readonly nodes: readonly NodeParts[];
  readonly weights?: Readonly<
    Record<string, { readonly dims: readonly number[]; readonly numbers: readonly number[] }>
  >;
  /** Float32 inputs with their dims; "bool" and "int32" by their name in `types`. */
  readonly inputs?: Readonly<Record<string, readonly (number | string)[]>>;
  readonly types?: Readonly<Record<string, number>>;
  readonly outputs: readonly string[];
  /** Stored int64 lists. */
  readonly integers?: Readonly<Record<string, readonly number[]>>;
  /** Dims of float32 outputs, where they are said. */
  readonly outputDims?: Readonly<Record<string, readonly (number | string)[]>>;
}

export interface FunctionParts {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly NodeParts[];
}

export const FUNCTION_DOMAIN = "test.functions";

export function modelBytes(
  graph: GraphParts,
  functions: readonly FunctionParts[] = [],
  opset = OPSET,
): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeVarintField(1, 8);
  pbf.writeMessage(7, writeGraph, graph);
  for (const domain of ["", "com.microsoft", FUNCTION_DOMAIN]) writeOpsetOf(domain, pbf, opset);
  for (const one of functions) pbf.writeMessage(25, writeFunction, one);
  return pbf.finish();
}

/** The parts of a model file around its graph, and the graph's content, for those who write large weights into it. */
export function modelPieces(graph: GraphParts): { before: Uint8Array; graph: Uint8Array } {
  const model = new PbfWriter();
  model.writeVarintField(1, 8);
  writeOpsetOf("", model);
  const content = new PbfWriter();
  writeGraph(graph, content);
  return { before: model.finish(), graph: content.finish() };
}

/** Deterministic weights: a wave, so that no two rows are the same. */
export function wave(...dims: number[]): { dims: number[]; numbers: number[] } {
  const length = dims.reduce((product, dim) => product * dim, 1);
  return { dims, numbers: Array.from({ length }, (_, at) => Math.sin(at * 1.7 + dims.length) / 2) };
}

const OPSET = 17;

function writeOpsetOf(domain: string, pbf: PbfWriter, opset = OPSET): void {
  pbf.writeMessage(8, writeOpset, { domain, opset });
}

function writeOpset({ domain, opset }: { domain: string; opset: number }, pbf: PbfWriter): void {
  pbf.writeStringField(1, domain);
  pbf.writeVarintField(2, domain === "" ? opset : 1);
}

function writeFunction(one: FunctionParts, pbf: PbfWriter): void {
  pbf.writeStringField(1, one.name);
  for (const name of one.inputs) pbf.writeStringField(4, name);
  for (const name of one.outputs) pbf.writeStringField(5, name);
  for (const node of one.nodes) pbf.writeMessage(7, writeNode, node);
  pbf.writeMessage(9, writeOpset, { domain: "", opset: OPSET });
  pbf.writeStringField(10, FUNCTION_DOMAIN);
}

function writeGraph(graph: GraphParts, pbf: PbfWriter): void {
  for (const node of graph.nodes) pbf.writeMessage(1, writeNode, node);
  pbf.writeStringField(2, "graph");
  for (const [name, weight] of Object.entries(graph.weights ?? {})) {
    pbf.writeMessage(5, writeWeight, { name, ...weight });
  }
  for (const [name, dims] of Object.entries(graph.inputs ?? {})) {
    pbf.writeMessage(11, writeValue, { name, dims, type: graph.types?.[name] ?? 1 });
  }
  for (const [name, numbers] of Object.entries(graph.integers ?? {})) {
    pbf.writeMessage(5, writeIntegers, { name, numbers });
  }
  for (const name of graph.outputs) {
    const dims = graph.outputDims?.[name];
    if (dims) pbf.writeMessage(12, writeValue, { name, dims, type: 1 });
    else pbf.writeMessage(12, (_, info) => info.writeStringField(1, name), null);
  }
}

function writeNode(node: NodeParts, pbf: PbfWriter): void {
  for (const name of node.inputs) pbf.writeStringField(1, name);
  for (const name of node.outputs) pbf.writeStringField(2, name);
  pbf.writeStringField(4, node.op);
  for (const [name, value] of Object.entries(node.ints ?? {})) {
    pbf.writeMessage(
      5,
      (_, attribute) => {
        attribute.writeStringField(1, name);
        if (typeof value === "number") attribute.writeVarintField(3, value);
        else for (const number of value) attribute.writeVarintField(8, number);
        attribute.writeVarintField(20, typeof value === "number" ? 2 : 7);
      },
      null,
    );
  }
  for (const [name, text] of Object.entries(node.texts ?? {})) {
    pbf.writeMessage(
      5,
      (_, attribute) => {
        attribute.writeStringField(1, name);
        attribute.writeStringField(4, text);
        attribute.writeVarintField(20, 3);
      },
      null,
    );
  }
  for (const [name, graph] of Object.entries(node.graphs ?? {})) {
    pbf.writeMessage(
      5,
      (_, attribute) => {
        attribute.writeStringField(1, name);
        attribute.writeMessage(6, writeGraph, graph);
        attribute.writeVarintField(20, 5);
      },
      null,
    );
  }
  if (node.domain) pbf.writeStringField(7, node.domain);
}

function writeWeight(
  weight: { name: string; dims: readonly number[]; numbers: readonly number[] },
  pbf: PbfWriter,
): void {
  for (const dim of weight.dims) pbf.writeVarintField(1, dim);
  pbf.writeVarintField(2, 1);
  pbf.writePackedFloat(4, [...weight.numbers]);
  pbf.writeStringField(8, weight.name);
}

function writeIntegers(
  { name, numbers }: { name: string; numbers: readonly number[] },
  pbf: PbfWriter,
): void {
  pbf.writeVarintField(1, numbers.length);
  pbf.writeVarintField(2, 7);
  pbf.writePackedVarint(7, [...numbers]);
  pbf.writeStringField(8, name);
}

function writeValue(
  value: { name: string; dims: readonly (number | string)[]; type: number },
  pbf: PbfWriter,
): void {
  pbf.writeStringField(1, value.name);
  pbf.writeMessage(2, (_, type) => type.writeMessage(1, writeTensorType, value), null);
}

function writeTensorType(value: { dims: readonly (number | string)[]; type: number }, pbf: PbfWriter): void {
  pbf.writeVarintField(1, value.type);
  pbf.writeMessage(
    2,
    (_, shape) => {
      for (const dim of value.dims) {
        shape.writeMessage(
          1,
          (_, one) => {
            if (typeof dim === "number") one.writeVarintField(1, dim);
            else one.writeStringField(2, dim);
          },
          null,
        );
      }
    },
    null,
  );
}
