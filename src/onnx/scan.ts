import { damagedModel, graphTooLarge, notOnnx } from "./errors";
import type { Attribute, Graph, GraphNode, LocalFunction, ScannedModel } from "./graph";
import { readNumbers } from "./readNumbers";
import { SMALL_TENSOR, readSparseTensor, readTensor } from "./readTensor";
import { readValueInfo } from "./readValueInfo";
import { Cursor, after, messageRange } from "./wire";
import type { ByteSource, Field, MessageRange, Waiting } from "./wire";

const MOST_NODES = 1_000_000;
const DEEPEST_GRAPH = 16;

/** Reads the structure of an ONNX file (field numbers: onnx.proto3) and skips its weights. */
export async function scan(reader: ByteSource): Promise<ScannedModel> {
  const scanner = new Scanner(reader);
  const whole: MessageRange = { lengthOffset: -1, byteOffset: 0, byteLength: reader.byteLength };
  const model = { irVersion: 0, producer: "", opsets: {} as Record<string, number> };
  const functions: LocalFunction[] = [];
  let graph: Graph | undefined;
  await scanner.fields(whole, (field) => {
    if (field.number === 1 && field.wire === 0) model.irVersion = field.value;
    if (field.wire !== 2) return;
    if (field.number === 2) return scanner.string(field, (text) => (model.producer = text));
    if (field.number === 7) {
      if (graph) throw damagedModel(field.startOffset, "a second graph");
      graph = emptyGraph(messageRange(field, whole));
      return scanner.graph(graph, 0);
    }
    if (field.number === 8) return scanner.opset(field, model.opsets);
    if (field.number === 25)
      return scanner.localFunction(messageRange(field, whole), (found) => functions.push(found));
  });
  if (!graph || model.irVersion === 0) throw notOnnx("neither an IR version nor a graph at the top level");
  return { byteLength: reader.byteLength, ...model, graph, functions };
}

function emptyGraph(range: MessageRange): Graph {
  return { nodes: [], initializers: new Map(), inputs: [], outputs: [], valueInfos: new Map(), range };
}

type Growing<T> = { -readonly [key in keyof T]: T[key] };
type Use<T> = (found: T) => void;

/** Of most nodes: an empty map for each was a tenth of what a scan allocates. */
const NO_ATTRIBUTES: ReadonlyMap<string, Attribute> = new Map();

class Scanner {
  private readonly cursor: Cursor;
  private nNodes = 0;

  constructor(reader: ByteSource) {
    this.cursor = new Cursor(reader);
  }

  fields(range: { byteOffset: number; byteLength: number }, visit: (field: Field) => Waiting): Waiting {
    return this.cursor.fields(range, visit);
  }

  string(field: Field, use: Use<string>): Waiting {
    return this.cursor.string(field, use);
  }

  opset(field: Field, opsets: Record<string, number>): Waiting {
    let domain = "";
    let version = 0;
    const read = this.fields(field, (inner) => {
      if (inner.number === 1 && inner.wire === 2) return this.string(inner, (text) => (domain = text));
      if (inner.number === 2) version = inner.value;
    });
    return after(read, () => void (opsets[domain === "ai.onnx" ? "" : domain] = version));
  }

  graph(graph: Graph, depth: number): Waiting {
    if (depth > DEEPEST_GRAPH) throw graphTooLarge("graphs inside one another", depth, DEEPEST_GRAPH);
    const { range, nodes, initializers, inputs, outputs, valueInfos } = graph;
    return this.fields(range, (field) => {
      if (field.wire !== 2) return;
      switch (field.number) {
        case 1:
          return this.node(messageRange(field, range), depth, (node) => nodes.push(node));
        case 5:
          return readTensor(this.cursor, messageRange(field, range), (tensor) =>
            initializers.set(tensor.name, tensor),
          );
        case 11:
          return readValueInfo(this.cursor, field, (info) => inputs.push(info));
        case 12:
          return readValueInfo(this.cursor, field, (info) => outputs.push(info));
        case 13:
          return readValueInfo(this.cursor, field, (info) => valueInfos.set(info.name, info));
        case 15:
          return readSparseTensor(this.cursor, messageRange(field, range), (tensor) =>
            initializers.set(tensor.name, tensor),
          );
      }
    });
  }

  node(range: MessageRange, depth: number, use: Use<GraphNode>): Waiting {
    if (++this.nNodes > MOST_NODES) throw graphTooLarge("nodes", this.nNodes, MOST_NODES);
    const node: Growing<GraphNode> = {
      opType: "",
      domain: "",
      name: "",
      inputs: [],
      outputs: [],
      attributes: NO_ATTRIBUTES,
      range,
    };
    let attributes: Map<string, Attribute> | undefined;
    const read = this.fields(range, (field) => {
      if (field.wire !== 2) return;
      switch (field.number) {
        case 1:
          return this.string(field, (text) => node.inputs.push(text));
        case 2:
          return this.string(field, (text) => node.outputs.push(text));
        case 3:
          return this.string(field, (text) => (node.name = text));
        case 4:
          return this.string(field, (text) => (node.opType = text));
        case 5:
          return this.attribute(messageRange(field, range), depth, (found) => {
            node.attributes = (attributes ??= new Map()).set(found.name, found);
          });
        case 7:
          return this.string(field, (text) => (node.domain = text === "ai.onnx" ? "" : text));
      }
    });
    return after(read, () => use(node));
  }

  localFunction(range: MessageRange, use: Use<LocalFunction>): Waiting {
    const graph = emptyGraph(range);
    const found = { name: "", domain: "" };
    const inputs: string[] = [];
    const outputs: string[] = [];
    const read = this.fields(range, (field) => {
      if (field.wire !== 2) return;
      switch (field.number) {
        case 1:
          return this.string(field, (text) => (found.name = text));
        case 4:
          return this.string(field, (text) => inputs.push(text));
        case 5:
          return this.string(field, (text) => outputs.push(text));
        case 7:
          return this.node(messageRange(field, range), 1, (node) => graph.nodes.push(node));
        case 10:
          return this.string(field, (text) => (found.domain = text));
        case 12:
          return readValueInfo(this.cursor, field, (info) => graph.valueInfos.set(info.name, info));
      }
    });
    return after(read, () => use({ ...found, inputs, outputs, graph }));
  }

  private attribute(range: MessageRange, depth: number, use: Use<Attribute>): Waiting {
    const found: { -readonly [key in keyof Attribute]?: Attribute[key] } = {};
    const numbers: number[] = [];
    let name = "";
    const read = this.fields(range, (field) => {
      switch (field.number) {
        case 1:
          return field.wire === 2 ? this.string(field, (text) => (name = text)) : undefined;
        case 2:
        case 3:
          found.number = field.value;
          found.isFloat = field.number === 2;
          return;
        case 4:
          return field.byteLength <= SMALL_TENSOR
            ? this.string(field, (text) => (found.text = text))
            : undefined;
        case 5:
          return readTensor(this.cursor, messageRange(field, range), (tensor) => (found.tensor = tensor));
        case 6:
          found.graph = emptyGraph(messageRange(field, range));
          return this.graph(found.graph, depth + 1);
        case 7:
          return readNumbers(this.cursor, field, "float", numbers);
        case 8:
          return readNumbers(this.cursor, field, "varint", numbers);
      }
    });
    return after(read, () => use({ ...found, ...(numbers.length && { numbers }), name, range }));
  }
}
