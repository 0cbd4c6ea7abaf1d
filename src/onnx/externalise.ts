import { PbfWriter } from "pbf";
import type { Dataflow, Scope } from "./dataflow";
import { externalDataOutside } from "./errors";
import type { StoredTensor } from "./graph";
import type { ExternalFile } from "./instrumented";
import type { Edit } from "./patch";

/** Weights below this stay in the graph: the runtime needs the content of small tensors while it loads. */
const SMALLEST_EXTERNAL = 64 * 1024;

/** The name under which a model file is its own weight file. */
export const OWN_WEIGHTS = "headlight.weights";

/**
 * Turns large weights into references to where they lie in the same file, so that the runtime can fetch them one by one
 * (onnx.proto3, TensorProto.external_data). Nothing is decoded or copied.
 */
export function referencesToOwnFile(flow: Dataflow): Edit[] {
  const edits: Edit[] = [];
  for (const tensor of flow.main.graph.initializers.values()) {
    const { data, dataField } = tensor;
    // Typed float fields are packed little-endian floats, the same bytes as raw data.
    if (!data || (dataField !== 9 && dataField !== 4) || data.byteLength < SMALLEST_EXTERNAL) continue;
    const end = data.byteOffset + data.byteLength;
    edits.push({
      within: tensor.range,
      byteOffset: data.startOffset,
      remove: end - data.startOffset,
      insert: reference(data.byteOffset, data.byteLength),
    });
  }
  return edits;
}

function reference(byteOffset: number, byteLength: number): Uint8Array {
  const pbf = new PbfWriter();
  const entries = { location: OWN_WEIGHTS, offset: String(byteOffset), length: String(byteLength) };
  for (const entry of Object.entries(entries)) pbf.writeMessage(13, writeEntry, entry);
  pbf.writeVarintField(14, 1);
  return pbf.finish();
}

function writeEntry([key, value]: [string, string], pbf: PbfWriter): void {
  pbf.writeStringField(1, key);
  pbf.writeStringField(2, value);
}

/** The weight files beside a model; throws a HeadlightError for one outside the model's folder. */
export function externalFiles(flow: Dataflow): ExternalFile[] {
  const ends = new Map<string, number>();
  for (const external of externalPlaces(flow)) {
    const { location, byteOffset, byteLength = Number.POSITIVE_INFINITY } = external;
    const end = byteOffset + byteLength;
    if (!staysInside(location) || !(byteOffset >= 0) || !(byteLength >= 0))
      throw externalDataOutside(location);
    ends.set(location, Math.max(end, ends.get(location) ?? 0));
  }
  return [...ends].map(([path, end]) => ({
    path,
    reference: path,
    ...(Number.isFinite(end) && { byteLength: end }),
  }));
}

/** A relative path without a way up, a drive, a scheme or a backslash. */
function staysInside(path: string): boolean {
  if (path === "" || /^[/~]|[\\:\0]/.test(path)) return false;
  return !path.split("/").includes("..");
}

function externalPlaces(flow: Dataflow): NonNullable<StoredTensor["external"]>[] {
  const places: NonNullable<StoredTensor["external"]>[] = [];
  const scopes = new Set<Scope>([flow.main]);
  for (const { scope } of flow.ops) scopes.add(scope);
  for (const { graph } of scopes) {
    for (const { external } of graph.initializers.values()) if (external) places.push(external);
    for (const { attributes } of graph.nodes) {
      for (const { tensor } of attributes.values()) if (tensor?.external) places.push(tensor.external);
    }
  }
  return places;
}
