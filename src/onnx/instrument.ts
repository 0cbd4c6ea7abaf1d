import { appendedGraph } from "./append";
import type { NewNode, NewOutput } from "./append";
import type { Place } from "./attention";
import { placeInBlocks } from "./blocks";
import type { Placed } from "./blocks";
import { buildDataflow } from "./dataflow";
import { findSpelledOut } from "./findAttention";
import type { Known } from "./findAttention";
import { findOrigins } from "./origins";
import type { ValueInfo } from "./graph";
import type { Capture, CapturedOutput, GraphInput, GraphReport, InstrumentedModel } from "./instrumented";
import { maskKind } from "./mask";
import { buildReport } from "./report";
import { scan } from "./scan";
import { findShapes } from "./shapes";
import type { ByteSource } from "./wire";

export interface InstrumentOptions {
  readonly capture: readonly Capture[];
  readonly backend: "wasm" | "webgpu";
  /** Leave large weights in the file and have the runtime fetch them from there. */
  readonly externalise?: boolean;
}

/** Makes a model hand over its attention: bytes for the runtime, and what comes out where. */
export async function instrument(reader: ByteSource, options: InstrumentOptions): Promise<InstrumentedModel> {
  const { known, placed, report } = await analyse(reader);
  const outputs = new Outputs(known);
  for (const layer of placed) for (const what of options.capture) outputs.capture(layer, what);
  const suffix = appendedGraph({ nodes: outputs.nodes, outputs: outputs.added, constants: [] });
  const { graph } = known.flow.model;
  return {
    bytes: await readWith(reader, suffix),
    externalData: [],
    inputs: graph.inputs.filter((info) => !graph.initializers.has(info.name)).map(declared),
    outputs: graph.outputs.map(declared),
    captured: outputs.captured,
    report,
  };
}

/** What attention a graph has, without making it hand anything over. */
export async function describe(reader: ByteSource): Promise<GraphReport> {
  return (await analyse(reader)).report;
}

async function analyse(reader: ByteSource): Promise<{ known: Known; placed: Placed[]; report: GraphReport }> {
  const flow = buildDataflow(await scan(reader));
  const known: Known = { flow, origins: findOrigins(flow), shapes: findShapes(flow) };
  const { found, notFound } = findSpelledOut(known);
  const isCausal = found.some((attention) => maskKind(attention, known).includes("causal"));
  const placed = placeInBlocks(found, known, isCausal);
  return { known, placed, report: buildReport(known, placed, notFound) };
}

/** Collects what is to be handed over; each tensor once, everything as float32. */
class Outputs {
  readonly captured: CapturedOutput[] = [];
  readonly added: NewOutput[] = [];
  readonly nodes: NewNode[] = [];
  private readonly names: Set<string>;

  constructor(private readonly known: Known) {
    this.names = new Set(known.flow.model.graph.outputs.map((output) => output.name));
  }

  capture({ attention, block, layer }: Placed, what: Capture): void {
    const place: Place | undefined = attention[what];
    if (!place) return;
    const name = this.handOver(place);
    this.captured.push({ name, block, layer, what, axes: place.axes });
  }

  private handOver({ value }: Place): string {
    const type = this.known.shapes.typeOf(value);
    let name = value.name;
    if (type !== "float32" && type !== "") {
      name = `headlight.${value.name}`;
      if (!this.names.has(name)) {
        this.nodes.push({
          opType: "Cast",
          inputs: [value.name],
          outputs: [name],
          attributes: [{ name: "to", int: 1 }],
        });
      }
    }
    if (!this.names.has(name)) this.added.push({ name });
    this.names.add(name);
    return name;
  }
}

function declared(info: ValueInfo): GraphInput {
  return { name: info.name, type: info.type, dims: info.dims ?? [] };
}

const CHUNK = 4 * 1024 * 1024;

/** The file with a suffix, in one buffer, read in parts so that no second copy is held. */
async function readWith(reader: ByteSource, suffix: Uint8Array): Promise<Uint8Array> {
  const bytes = new Uint8Array(reader.byteLength + suffix.byteLength);
  for (let offset = 0; offset < reader.byteLength; offset += CHUNK) {
    bytes.set(await reader.read(offset, Math.min(CHUNK, reader.byteLength - offset)), offset);
  }
  bytes.set(suffix, reader.byteLength);
  return bytes;
}
