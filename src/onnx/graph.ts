import type { MessageRange } from "./wire";

/** One graph: the model's own, a branch of an If, the body of a Loop, or of a model-local function. */
export interface Graph {
  readonly nodes: GraphNode[];
  readonly initializers: Map<string, StoredTensor>;
  readonly inputs: ValueInfo[];
  readonly outputs: ValueInfo[];
  /** What the exporter said of values inside, by name. */
  readonly valueInfos: Map<string, ValueInfo>;
  readonly range: MessageRange;
}

export interface GraphNode {
  readonly opType: string;
  /** "" for ai.onnx. */
  readonly domain: string;
  readonly name: string;
  /** "" where an optional input is left out. */
  readonly inputs: string[];
  readonly outputs: string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
  readonly range: MessageRange;
}

export interface Attribute {
  readonly name: string;
  readonly number?: number;
  /** Whether the number is a float (field 2) and not an integer. */
  readonly isFloat?: boolean;
  readonly numbers?: number[];
  readonly text?: string;
  readonly tensor?: StoredTensor;
  readonly graph?: Graph;
  readonly range: MessageRange;
}

/** Dims of a value as declared: a number, a symbol, or null where nothing is said. */
export type DeclaredDims = readonly (number | string | null)[];

export interface ValueInfo {
  readonly name: string;
  /** "int64", "float32", …; "" where it is no tensor or nothing is said. */
  readonly type: string;
  /** Undefined where not even the rank is said. */
  readonly dims?: DeclaredDims;
}

/** A tensor that lies in the file (or beside it). Its data is read only when it is small or asked for. */
export interface StoredTensor {
  readonly name: string;
  readonly type: string;
  readonly dims: readonly number[];
  readonly range: MessageRange;
  /** Field of TensorProto that holds the data: 9 raw_data, 4 float_data, 5 int32_data, 7 int64_data, 10 double_data, 11 uint64_data; 0 none. */
  readonly dataField: number;
  readonly data?: { readonly startOffset: number; readonly byteOffset: number; readonly byteLength: number };
  /** The data itself where it is small. */
  readonly bytes?: Uint8Array;
  readonly external?: {
    readonly location: string;
    readonly byteOffset: number;
    readonly byteLength?: number;
  };
}

/** A function that the model brings along; the runtime inlines it. */
export interface LocalFunction {
  readonly name: string;
  readonly domain: string;
  readonly inputs: string[];
  readonly outputs: string[];
  readonly graph: Graph;
}

/** What the scan keeps of a file: everything but the weights. */
export interface ScannedModel {
  readonly byteLength: number;
  readonly irVersion: number;
  readonly producer: string;
  readonly opsets: Record<string, number>;
  readonly graph: Graph;
  readonly functions: LocalFunction[];
}

/** The element types of TensorProto.DataType, by number (onnx.proto3, IR version 13). */
const ELEMENT_TYPES = [
  "",
  "float32",
  "uint8",
  "int8",
  "uint16",
  "int16",
  "int32",
  "int64",
  "string",
  "bool",
  "float16",
  "float64",
  "uint32",
  "uint64",
  "complex64",
  "complex128",
  "bfloat16",
  "float8e4m3fn",
  "float8e4m3fnuz",
  "float8e5m2",
  "float8e5m2fnuz",
  "uint4",
  "int4",
  "float4e2m1",
];

export function elementType(code: number): string {
  return ELEMENT_TYPES[code] ?? `type ${code}`;
}

export function elementTypeCode(type: string): number {
  return Math.max(0, ELEMENT_TYPES.indexOf(type));
}

/** Bits of one element; 0 for strings and unknown types. */
export function elementBits(type: string): number {
  const digits = /(\d+)/.exec(type)?.[1];
  if (type === "bool") return 8;
  if (type.startsWith("float8")) return 8;
  if (type.startsWith("float4")) return 4;
  return digits && !type.startsWith("type") ? Number(digits) : 0;
}

export function numberOf(node: GraphNode, attribute: string): number | undefined {
  return node.attributes.get(attribute)?.number;
}

export function numbersOf(node: GraphNode, attribute: string): readonly number[] | undefined {
  return node.attributes.get(attribute)?.numbers;
}

export function isStandard(node: GraphNode): boolean {
  return node.domain === "" || node.domain === "ai.onnx";
}
