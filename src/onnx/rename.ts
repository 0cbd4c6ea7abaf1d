import { PbfReader, PbfWriter } from "pbf";
import type { GraphNode } from "./graph";
import type { Edit } from "./patch";
import type { ByteSource } from "./wire";

/** An output of a node under another name. */
export interface Rename {
  readonly node: GraphNode;
  readonly name: string;
  readonly newName: string;
}

/** NodeProto.output (onnx.proto3). */
const OUTPUT = 2;

/** Renames as edits: the strings are replaced inside their nodes, everything else stays where it is. */
export async function renameEdits(source: ByteSource, renames: readonly Rename[]): Promise<Edit[]> {
  const edits: Edit[] = [];
  for (const { node, name, newName } of renames) {
    const { range } = node;
    const pbf = new PbfReader(await source.read(range.byteOffset, range.byteLength));
    while (pbf.pos < range.byteLength) {
      const start = pbf.pos;
      const tag = pbf.readVarint();
      if (tag >> 3 !== OUTPUT) {
        pbf.skip(tag);
        continue;
      }
      if (pbf.readString() !== name) continue;
      const insert = outputField(newName);
      edits.push({ within: range, byteOffset: range.byteOffset + start, remove: pbf.pos - start, insert });
      break;
    }
  }
  return edits;
}

function outputField(name: string): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeStringField(OUTPUT, name);
  return pbf.finish();
}
