import { PbfWriter } from "pbf";
import { OWN_WEIGHTS } from "./externalise";

/** A model of one addition whose weight lies outside, to find out whether a runtime fetches weights as it should. */
export interface Probe {
  readonly bytes: Uint8Array;
  /** What lies under the name `path`; the weight is somewhere in the middle. */
  readonly path: string;
  readonly file: Uint8Array;
  readonly input: { readonly name: string; readonly numbers: readonly number[] };
  readonly output: { readonly name: string; readonly numbers: readonly number[] };
}

const OFFSET = 32;
const WEIGHT = [1, 20, 300, 4000];

/** The runtime is trusted with references into the model file only after it has run this one right. */
export function externalisationProbe(): Probe {
  const file = new Uint8Array(OFFSET * 3);
  const view = new DataView(file.buffer);
  WEIGHT.forEach((number, index) => view.setFloat32(OFFSET + index * 4, number, true));
  return {
    bytes: probeModel(),
    path: OWN_WEIGHTS,
    file,
    input: { name: "x", numbers: [1, 2, 3, 4] },
    output: { name: "y", numbers: [2, 22, 303, 4004] },
  };
}

/** ModelProto: IR version 8, opset 13, y = x + w with w outside. */
function probeModel(): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeVarintField(1, 8);
  pbf.writeMessage(7, writeGraph, null);
  pbf.writeMessage(8, (_, opset) => opset.writeVarintField(2, 13), null);
  return pbf.finish();
}

function writeGraph(_: null, graph: PbfWriter): void {
  graph.writeMessage(
    1,
    (_, node) => {
      node.writeStringField(1, "x");
      node.writeStringField(1, "w");
      node.writeStringField(2, "y");
      node.writeStringField(4, "Add");
    },
    null,
  );
  graph.writeStringField(2, "probe");
  graph.writeMessage(5, writeWeight, null);
  graph.writeMessage(11, writeVector, "x");
  graph.writeMessage(12, writeVector, "y");
}

function writeWeight(_: null, tensor: PbfWriter): void {
  tensor.writeVarintField(1, WEIGHT.length);
  tensor.writeVarintField(2, 1);
  tensor.writeStringField(8, "w");
  const entries = { location: OWN_WEIGHTS, offset: String(OFFSET), length: String(WEIGHT.length * 4) };
  for (const [key, value] of Object.entries(entries)) {
    tensor.writeMessage(
      13,
      (_, entry) => {
        entry.writeStringField(1, key);
        entry.writeStringField(2, value);
      },
      null,
    );
  }
  tensor.writeVarintField(14, 1);
}

/** ValueInfoProto of a float32 vector as long as the weight. */
function writeVector(name: string, info: PbfWriter): void {
  info.writeStringField(1, name);
  info.writeMessage(
    2,
    (_, type) =>
      type.writeMessage(
        1,
        (_, tensor) => {
          tensor.writeVarintField(1, 1);
          tensor.writeMessage(
            2,
            (_, shape) => shape.writeMessage(1, (_, dim) => dim.writeVarintField(1, WEIGHT.length), null),
            null,
          );
        },
        null,
      ),
    null,
  );
}
