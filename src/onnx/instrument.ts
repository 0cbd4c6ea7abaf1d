import { Additions } from "./additions";
import type { FoundAttention, Place } from "./attention";
import { placeInBlocks } from "./blocks";
import type { Placed } from "./blocks";
import { bucketTables } from "./bucketTables";
import { buildDataflow } from "./dataflow";
import type { Scope } from "./dataflow";
import { capturedFormula } from "./capturedFormula";
import { OWN_WEIGHTS, externalFiles, referencesToOwnFile } from "./externalise";
import { findSpelledOut } from "./findAttention";
import type { Known } from "./known";
import { findFused } from "./fused/find";
import type { ValueInfo } from "./graph";
import { isAdditivePart, isProjectionPart } from "./instrumented";
import type {
  Capture,
  CapturedOutput,
  ExternalFile,
  GraphInput,
  GraphReport,
  InstrumentedModel,
} from "./instrumented";
import { findTriangular, hasPast, maskKind } from "./mask";
import { addLens, type LensOptions } from "./lens";
import { logitsOutput } from "./logits";
import { findOrigins } from "./origins";
import { applyEdits } from "./patch";
import { findPositions } from "./positions";
import type { FoundPositions } from "./positions";
import { findProjection } from "./projection";
import type { FoundProjection } from "./projection";
import { remembering } from "./remembering";
import { renameEdits } from "./rename";
import { buildReport } from "./report";
import { scan } from "./scan";
import { captureSelectively } from "./selective";
import { findShapes } from "./shapes";
import type { ByteSource } from "./wire";
import { withoutSoftmax } from "./withoutSoftmax";

export interface InstrumentOptions {
  readonly capture: readonly Capture[];
  readonly backend: "wasm" | "webgpu";
  /** Hand over what lies between q·k and the weights too, so that they can be computed again. */
  readonly formulas?: boolean;
  /**
   * Hand over only the heads that a run asks for, and weights as bytes on request. A graph with an attention that this
   * cannot be done to hands over everything, as without; `selections` is then empty.
   */
  readonly selective?: boolean;
  /** Leave large weights in the file and have the runtime fetch them from there (see probe.ts). */
  readonly externalise?: boolean;
  /** Hand over what each layer would predict. */
  readonly lens?: LensOptions;
}

/** Makes a model hand over its attention: bytes for the runtime, and what comes out where. */
export async function instrument(reader: ByteSource, options: InstrumentOptions): Promise<InstrumentedModel> {
  const source = remembering(reader);
  const { known, placed, projections, positions, report } = await analyse(source, options.backend);
  const { model, main } = known.flow;
  const begin = () => new Additions(main, known.shapes, model.opsets[""] ?? 0, options.backend);
  let additions = begin();
  let captured = options.selective
    ? placed.map((layer) => captureSelectively(layer, options.capture, additions, known.shapes))
    : undefined;
  if (!captured || captured.includes(undefined)) {
    additions = begin();
    captured = placed.map((layer) =>
      options.capture.flatMap((what) => capture(layer, what, projections, additions) ?? []),
    );
  }
  const { lens } = options;
  const logits = lens && logitsOutput(model.graph.outputs.map(declared), lens.vocab);
  const lensOutputs = lens && addLens(logits, placed, projections, known, additions, lens);
  const formulas = options.formulas
    ? placed.map((layer) => capturedFormula(layer, additions, known.shapes))
    : [];
  const { edits, suffix } = additions.finish();
  const renames = await renameEdits(source, additions.renames);
  const ownWeights = options.externalise ? referencesToOwnFile(known.flow) : [];
  const tables = await bucketTables(placed, source);
  const own = { path: OWN_WEIGHTS, reference: "", byteLength: reader.byteLength };
  return {
    bytes: await applyEdits(source, [...edits, ...renames, ...ownWeights], suffix),
    externalData: [...externalFiles(known.flow), ...(ownWeights.length ? [own] : [])],
    inputs: model.graph.inputs.filter((info) => !model.graph.initializers.has(info.name)).map(declared),
    outputs: model.graph.outputs.map(declared),
    captured: captured.flatMap((ofLayer) => ofLayer ?? []),
    formulas,
    selections: additions.inputs,
    report,
    positionTable: positions.table,
    bucketBias: tables[0]?.bias,
    ...(lensOutputs && { lens: lensOutputs }),
    bucketTables: tables,
  };
}

/** What attention a graph has, and the files that its weights lie in, without making it hand anything over. */
export async function survey(
  reader: ByteSource,
): Promise<{ report: GraphReport; externalData: readonly ExternalFile[] }> {
  const { known, report } = await analyse(remembering(reader), "wasm");
  return { report, externalData: externalFiles(known.flow) };
}

/** What attention a graph has, without making it hand anything over. */
export async function describe(reader: ByteSource): Promise<GraphReport> {
  return (await analyse(reader, "wasm")).report;
}

async function analyse(
  reader: ByteSource,
  backend: InstrumentOptions["backend"],
): Promise<{
  known: Known;
  placed: Placed[];
  projections: Projections;
  positions: FoundPositions;
  report: GraphReport;
}> {
  const flow = buildDataflow(await scan(reader));
  const known: Known = { flow, origins: findOrigins(flow), shapes: findShapes(flow) };
  const spelledOut = findSpelledOut(known);
  const fused = findFused(known, backend === "webgpu");
  const found = [...spelledOut.found, ...fused.found];
  const triangular = await findTriangular(found, reader);
  const masks = new Map(found.map((attention) => [attention, maskKind(attention, known, triangular)]));
  const isCausal = (attention: FoundAttention) =>
    (masks.get(attention)?.includes("causal") ?? false) || hasPast(attention);
  const placed = placeInBlocks(found, known, isCausal);
  const refused = [...spelledOut.notFound, ...fused.notFound];
  const notFound = found.length + refused.length > 0 ? refused : withoutSoftmax(known);
  const inOrder = placed.map(({ attention }) => attention);
  const positions = await findPositions(known, inOrder, reader);
  const projections: Projections = new Map(found.map((each) => [each, findProjection(each, known)]));
  const report = buildReport(known, placed, masks, projections, positions.report, notFound);
  return { known, placed, projections, positions, report };
}

type Projections = ReadonlyMap<FoundAttention, FoundProjection>;

function capture(
  layer: Placed,
  what: Capture,
  projections: Projections,
  additions: Additions,
): CapturedOutput | undefined {
  const { attention, others, block } = layer;
  const found = placeOf(attention, what, projections);
  if (!found) return undefined;
  const places = [attention, ...others].flatMap((one) => nameIn(one, what, projections, additions) ?? []);
  const { nHeads, nKeyHeads } = attention;
  return {
    name: additions.lift(places),
    block,
    layer: layer.layer,
    what,
    axes: found.place.axes,
    ...(nHeads && { nHeads }),
    ...(nKeyHeads && { nKeyHeads }),
  };
}

/** Where something of an attention is, and in which graph it is to be made. */
function placeOf(
  attention: FoundAttention,
  what: Capture,
  projections: Projections,
): { place: Place; scope: Scope } | undefined {
  if (isAdditivePart(what)) {
    const place = attention.additive?.[what];
    return place && { place, scope: attention.op.scope };
  }
  if (!isProjectionPart(what)) {
    const place = attention[what];
    return place && { place, scope: attention.op.scope };
  }
  const projection = projections.get(attention);
  const place = projection?.places[what];
  return place && { place, scope: projection.scope };
}

/** The tensor in the graph that the attention is in. */
function nameIn(
  attention: FoundAttention,
  what: Capture,
  projections: Projections,
  additions: Additions,
): { scope: Scope; name: string } | undefined {
  const found = placeOf(attention, what, projections);
  if (!found) return undefined;
  const { place, scope } = found;
  if ("value" in place) return { scope: place.value.scope, name: additions.asFloat(place.value) };
  return { scope, name: additions.once(scope, `${attention.op.order}:${what}`, () => place.make(additions)) };
}

function declared(info: ValueInfo): GraphInput {
  return { name: info.name, type: info.type, dims: info.dims ?? [] };
}
