import { PbfReader } from "pbf";
import { damagedModel, graphTooLarge, notOnnx } from "./errors";
import { elementType } from "./graph";
import type {
  Attribute,
  Graph,
  GraphNode,
  LocalFunction,
  ScannedModel,
  StoredTensor,
  ValueInfo,
} from "./graph";
import { Cursor, after, messageRange } from "./wire";
import type { ByteSource, Field, MessageRange, Waiting } from "./wire";

/** Tensors up to this many bytes are kept: shapes, scales, slopes. Weights are larger and stay where they are. */
const SMALL_TENSOR = 4096;
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

type Use<T> = (found: T) => void;

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
          return this.tensor(messageRange(field, range), (tensor) => initializers.set(tensor.name, tensor));
        case 11:
          return this.valueInfo(field, (info) => inputs.push(info));
        case 12:
          return this.valueInfo(field, (info) => outputs.push(info));
        case 13:
          return this.valueInfo(field, (info) => valueInfos.set(info.name, info));
        case 15:
          return this.sparseTensor(messageRange(field, range), (tensor) =>
            initializers.set(tensor.name, tensor),
          );
      }
    });
  }

  node(range: MessageRange, depth: number, use: Use<GraphNode>): Waiting {
    if (++this.nNodes > MOST_NODES) throw graphTooLarge("nodes", this.nNodes, MOST_NODES);
    const node = { opType: "", domain: "", name: "" };
    const inputs: string[] = [];
    const outputs: string[] = [];
    const attributes = new Map<string, Attribute>();
    const read = this.fields(range, (field) => {
      if (field.wire !== 2) return;
      switch (field.number) {
        case 1:
          return this.string(field, (text) => inputs.push(text));
        case 2:
          return this.string(field, (text) => outputs.push(text));
        case 3:
          return this.string(field, (text) => (node.name = text));
        case 4:
          return this.string(field, (text) => (node.opType = text));
        case 5:
          return this.attribute(messageRange(field, range), depth, (found) =>
            attributes.set(found.name, found),
          );
        case 7:
          return this.string(field, (text) => (node.domain = text === "ai.onnx" ? "" : text));
      }
    });
    return after(read, () => use({ ...node, inputs, outputs, attributes, range }));
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
          return this.valueInfo(field, (info) => graph.valueInfos.set(info.name, info));
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
          return this.tensor(messageRange(field, range), (tensor) => (found.tensor = tensor));
        case 6:
          found.graph = emptyGraph(messageRange(field, range));
          return this.graph(found.graph, depth + 1);
        case 7:
          return this.numbers(field, "float", numbers);
        case 8:
          return this.numbers(field, "varint", numbers);
      }
    });
    return after(read, () => use({ ...found, ...(numbers.length && { numbers }), name, range }));
  }

  private numbers(field: Field, kind: "float" | "varint", into: number[]): Waiting {
    if (field.wire !== 2) {
      into.push(field.value);
      return;
    }
    if (field.byteLength > SMALL_TENSOR * 8) return;
    return this.cursor.bytes(field, (bytes) => {
      const pbf = new PbfReader(bytes);
      try {
        while (pbf.pos < pbf.length) into.push(kind === "float" ? pbf.readFloat() : pbf.readVarint(true));
      } catch {
        throw damagedModel(field.byteOffset, "a list of numbers that are no numbers");
      }
    });
  }

  private tensor(range: MessageRange, use: Use<StoredTensor>): Waiting {
    const dims: number[] = [];
    const found: {
      name: string;
      type: number;
      field: number;
      data?: StoredTensor["data"];
      isExternal: boolean;
    } = {
      name: "",
      type: 0,
      field: 0,
      isExternal: false,
    };
    const entries = new Map<string, string>();
    const read = this.fields(range, (field) => {
      switch (field.number) {
        case 1:
          return this.numbers(field, "varint", dims);
        case 2:
          found.type = field.value;
          return;
        case 8:
          return field.wire === 2 ? this.string(field, (text) => (found.name = text)) : undefined;
        case 13:
          return this.externalEntry(field, entries);
        case 14:
          found.isExternal = field.value === 1;
          return;
      }
      if (DATA_FIELDS.has(field.number) && field.wire === 2 && field.byteLength > 0) {
        const { startOffset, byteOffset, byteLength } = field;
        found.field = field.number;
        found.data = { startOffset, byteOffset, byteLength };
      }
    });
    return after(read, () => {
      const { name, data } = found;
      const tensor = { name, type: elementType(found.type), dims, range };
      if (found.isExternal) return use({ ...tensor, dataField: 0, external: externalPlace(entries) });
      if (!data) return use({ ...tensor, dataField: 0 });
      const stored = { ...tensor, dataField: found.field, data };
      if (data.byteLength > SMALL_TENSOR) return use(stored);
      return this.cursor.bytes(data, (bytes) => use({ ...stored, bytes: bytes.slice() }));
    });
  }

  private externalEntry(field: Field, entries: Map<string, string>): Waiting {
    let key = "";
    let value = "";
    const read = this.fields(field, (inner) => {
      if (inner.wire !== 2) return;
      if (inner.number === 1) return this.string(inner, (text) => (key = text));
      if (inner.number === 2) return this.string(inner, (text) => (value = text));
    });
    return after(read, () => void entries.set(key, value));
  }

  /** Named after its values; what counts for finding attention is that it is constant. */
  private sparseTensor(range: MessageRange, use: Use<StoredTensor>): Waiting {
    let found: StoredTensor | undefined;
    const read = this.fields(range, (field) => {
      if (field.number === 1 && field.wire === 2) {
        return this.tensor(messageRange(field, range), (tensor) => (found = tensor));
      }
    });
    return after(read, () => {
      if (!found) throw damagedModel(range.byteOffset, "a sparse tensor without values");
      const { name, type, dims } = found;
      use({ name, type, dims, range, dataField: 0 });
    });
  }

  private valueInfo(field: Field, use: Use<ValueInfo>): Waiting {
    const found: { name: string; type: string; dims?: ValueInfo["dims"] } = { name: "", type: "" };
    const read = this.fields(field, (inner) => {
      if (inner.number === 1 && inner.wire === 2) return this.string(inner, (text) => (found.name = text));
      if (inner.number !== 2 || inner.wire !== 2) return;
      return this.fields(inner, (kind) => {
        if (kind.number !== 1 || kind.wire !== 2) return;
        return this.fields(kind, (tensor) => {
          if (tensor.number === 1) found.type = elementType(tensor.value);
          else if (tensor.number === 2 && tensor.wire === 2)
            return this.shape(tensor, (dims) => (found.dims = dims));
        });
      });
    });
    return after(read, () => use(found));
  }

  private shape(field: Field, use: Use<(number | string | null)[]>): Waiting {
    const dims: (number | string | null)[] = [];
    const read = this.fields(field, (inner) => {
      if (inner.number !== 1 || inner.wire !== 2) return;
      const axis = dims.push(null) - 1;
      return this.fields(inner, (part) => {
        if (part.number === 1) dims[axis] = part.value;
        else if (part.number === 2 && part.wire === 2) {
          return this.string(part, (text) => (dims[axis] = text || null));
        }
      });
    });
    return after(read, () => use(dims));
  }
}

/** float_data, int32_data, int64_data, raw_data, double_data, uint64_data */
const DATA_FIELDS = new Set([4, 5, 7, 9, 10, 11]);

function externalPlace(entries: Map<string, string>): NonNullable<StoredTensor["external"]> {
  const byteLength = Number(entries.get("length") ?? Number.NaN);
  return {
    location: entries.get("location") ?? "",
    byteOffset: Number(entries.get("offset") ?? 0),
    ...(Number.isFinite(byteLength) && { byteLength }),
  };
}
