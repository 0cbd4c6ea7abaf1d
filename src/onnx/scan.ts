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
import { Cursor, messageRange } from "./wire";
import type { ByteSource, Field, MessageRange } from "./wire";

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
    else if (field.wire !== 2) return;
    else if (field.number === 2) return scanner.string(field, (text) => void (model.producer = text));
    else if (field.number === 7) {
      const range = messageRange(field, whole);
      if (graph) throw damagedModel(field.startOffset, "a second graph");
      graph = emptyGraph(range);
      return scanner.graph(graph, 0);
    } else if (field.number === 8) return scanner.opset(field, model.opsets);
    else if (field.number === 25) {
      return scanner.localFunction(messageRange(field, whole)).then((found) => void functions.push(found));
    }
  });
  if (!graph || model.irVersion === 0) throw notOnnx("neither an IR version nor a graph at the top level");
  return { byteLength: reader.byteLength, ...model, graph, functions };
}

function emptyGraph(range: MessageRange): Graph {
  return { nodes: [], initializers: new Map(), inputs: [], outputs: [], valueInfos: new Map(), range };
}

class Scanner {
  private readonly cursor: Cursor;
  private nNodes = 0;

  constructor(reader: ByteSource) {
    this.cursor = new Cursor(reader);
  }

  fields(range: MessageRange, visit: (field: Field) => void | Promise<void>): Promise<void> {
    return this.cursor.fields(range, visit);
  }

  string(field: Field, assign: (text: string) => void): void | Promise<void> {
    return this.cursor.string(field, assign);
  }

  async opset(field: Field, opsets: Record<string, number>): Promise<void> {
    let domain = "";
    let version = 0;
    await this.fields(messageOf(field), (inner) => {
      if (inner.number === 1 && inner.wire === 2) return this.string(inner, (text) => void (domain = text));
      if (inner.number === 2) version = inner.value;
    });
    opsets[domain === "ai.onnx" ? "" : domain] = version;
  }

  async graph(graph: Graph, depth: number): Promise<void> {
    if (depth > DEEPEST_GRAPH) throw graphTooLarge("graphs inside one another", depth, DEEPEST_GRAPH);
    const { range } = graph;
    await this.fields(range, async (field) => {
      if (field.wire !== 2) return;
      if (field.number === 1) graph.nodes.push(await this.node(messageRange(field, range), depth));
      else if (field.number === 5) {
        const tensor = await this.tensor(messageRange(field, range));
        graph.initializers.set(tensor.name, tensor);
      } else if (field.number === 15) {
        const sparse = await this.sparseTensor(messageRange(field, range));
        graph.initializers.set(sparse.name, sparse);
      } else if (field.number === 11) graph.inputs.push(await this.valueInfo(field));
      else if (field.number === 12) graph.outputs.push(await this.valueInfo(field));
      else if (field.number === 13) {
        const info = await this.valueInfo(field);
        graph.valueInfos.set(info.name, info);
      }
    });
  }

  async node(range: MessageRange, depth: number): Promise<GraphNode> {
    if (++this.nNodes > MOST_NODES) throw graphTooLarge("nodes", this.nNodes, MOST_NODES);
    const node = { opType: "", domain: "", name: "" };
    const inputs: string[] = [];
    const outputs: string[] = [];
    const attributes = new Map<string, Attribute>();
    await this.fields(range, (field) => {
      if (field.wire !== 2) return;
      switch (field.number) {
        case 1:
          return this.string(field, (text) => void inputs.push(text));
        case 2:
          return this.string(field, (text) => void outputs.push(text));
        case 3:
          return this.string(field, (text) => void (node.name = text));
        case 4:
          return this.string(field, (text) => void (node.opType = text));
        case 5:
          return this.attribute(messageRange(field, range), depth).then(
            (found) => void attributes.set(found.name, found),
          );
        case 7:
          return this.string(field, (text) => void (node.domain = text === "ai.onnx" ? "" : text));
      }
    });
    return { ...node, inputs, outputs, attributes, range };
  }

  async localFunction(range: MessageRange): Promise<LocalFunction> {
    const graph = emptyGraph(range);
    const found = { name: "", domain: "" };
    const inputs: string[] = [];
    const outputs: string[] = [];
    await this.fields(range, async (field) => {
      if (field.wire !== 2) return;
      if (field.number === 1) await this.string(field, (text) => void (found.name = text));
      else if (field.number === 4) await this.string(field, (text) => void inputs.push(text));
      else if (field.number === 5) await this.string(field, (text) => void outputs.push(text));
      else if (field.number === 7) graph.nodes.push(await this.node(messageRange(field, range), 1));
      else if (field.number === 10) await this.string(field, (text) => void (found.domain = text));
      else if (field.number === 12) {
        const info = await this.valueInfo(field);
        graph.valueInfos.set(info.name, info);
      }
    });
    return { ...found, inputs, outputs, graph };
  }

  private async attribute(range: MessageRange, depth: number): Promise<Attribute> {
    const found: { -readonly [key in keyof Attribute]?: Attribute[key] } = {};
    const numbers: number[] = [];
    let name = "";
    await this.fields(range, async (field) => {
      if (field.number === 1 && field.wire === 2) await this.string(field, (text) => void (name = text));
      else if (field.number === 2 || field.number === 3) {
        found.number = field.value;
        found.isFloat = field.number === 2;
      } else if (field.number === 4 && field.byteLength <= SMALL_TENSOR) {
        await this.string(field, (text) => void (found.text = text));
      } else if (field.number === 5) found.tensor = await this.tensor(messageRange(field, range));
      else if (field.number === 6) {
        found.graph = emptyGraph(messageRange(field, range));
        await this.graph(found.graph, depth + 1);
      } else if (field.number === 7 || field.number === 8) {
        await this.numbers(field, field.number === 7 ? "float" : "varint", numbers);
      }
    });
    if (numbers.length) found.numbers = numbers;
    return { ...found, name, range };
  }

  private async numbers(field: Field, kind: "float" | "varint", into: number[]): Promise<void> {
    if (field.wire !== 2) into.push(field.value);
    else if (field.byteLength <= SMALL_TENSOR * 8) {
      const pbf = new PbfReader((await this.cursor.bytes(field)).slice());
      while (pbf.pos < pbf.length) into.push(kind === "float" ? pbf.readFloat() : pbf.readVarint(true));
    }
  }

  private async tensor(range: MessageRange): Promise<StoredTensor> {
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
    await this.fields(range, async (field) => {
      if (field.number === 1) await this.numbers(field, "varint", dims);
      else if (field.number === 2) found.type = field.value;
      else if (field.number === 8) await this.string(field, (text) => void (found.name = text));
      else if (field.number === 13) await this.externalEntry(field, entries);
      else if (field.number === 14) found.isExternal = field.value === 1;
      else if ([4, 5, 7, 9, 10, 11].includes(field.number) && field.wire === 2 && field.byteLength > 0) {
        found.field = field.number;
        const { startOffset, byteOffset, byteLength } = field;
        found.data = { startOffset, byteOffset, byteLength };
      }
    });
    const { name, data } = found;
    const tensor = { name, type: elementType(found.type), dims, range };
    if (found.isExternal) return { ...tensor, dataField: 0, external: externalPlace(entries) };
    if (!data) return { ...tensor, dataField: 0 };
    const bytes = data.byteLength <= SMALL_TENSOR ? (await this.cursor.bytes(data)).slice() : undefined;
    return { ...tensor, dataField: found.field, data, ...(bytes && { bytes }) };
  }

  private async externalEntry(field: Field, entries: Map<string, string>): Promise<void> {
    let key = "";
    let value = "";
    await this.fields(messageOf(field), (inner) => {
      if (inner.number === 1) return this.string(inner, (text) => void (key = text));
      if (inner.number === 2) return this.string(inner, (text) => void (value = text));
    });
    entries.set(key, value);
  }

  /** Named after its values; what counts for finding attention is that it is constant. */
  private async sparseTensor(range: MessageRange): Promise<StoredTensor> {
    let found: StoredTensor | undefined;
    await this.fields(range, async (field) => {
      if (field.number === 1 && field.wire === 2) found = await this.tensor(messageRange(field, range));
    });
    if (!found) throw damagedModel(range.byteOffset, "a sparse tensor without values");
    const { name, type, dims } = found;
    return { name, type, dims, range, dataField: 0 };
  }

  private async valueInfo(field: Field): Promise<ValueInfo> {
    let name = "";
    let type = "";
    let dims: (number | string | null)[] | undefined;
    await this.fields(messageOf(field), async (inner) => {
      if (inner.number === 1 && inner.wire === 2) await this.string(inner, (text) => void (name = text));
      else if (inner.number === 2 && inner.wire === 2) {
        await this.fields(messageOf(inner), async (kind) => {
          if (kind.number !== 1 || kind.wire !== 2) return;
          await this.fields(messageOf(kind), async (tensor) => {
            if (tensor.number === 1) type = elementType(tensor.value);
            else if (tensor.number === 2 && tensor.wire === 2) dims = await this.shape(tensor);
          });
        });
      }
    });
    return { name, type, ...(dims && { dims }) };
  }

  private async shape(field: Field): Promise<(number | string | null)[]> {
    const dims: (number | string | null)[] = [];
    await this.fields(messageOf(field), async (inner) => {
      if (inner.number !== 1 || inner.wire !== 2) return;
      let dim: number | string | null = null;
      await this.fields(messageOf(inner), (part) => {
        if (part.number === 1) dim = part.value;
        else if (part.number === 2) return this.string(part, (text) => void (dim = text || null));
      });
      dims.push(dim);
    });
    return dims;
  }
}

function messageOf(field: Field): MessageRange {
  return { lengthOffset: field.lengthOffset, byteOffset: field.byteOffset, byteLength: field.byteLength };
}

function externalPlace(entries: Map<string, string>): NonNullable<StoredTensor["external"]> {
  const byteLength = Number(entries.get("length") ?? Number.NaN);
  return {
    location: entries.get("location") ?? "",
    byteOffset: Number(entries.get("offset") ?? 0),
    ...(Number.isFinite(byteLength) && { byteLength }),
  };
}
