import type { Tensor } from "../../core/tensor";
import type { ModelConfig } from "../../model/config";
import type { BucketTable } from "../../onnx/bucketTables";
import type { PositionReport } from "../../onnx/instrumented";
import type { ModelPositions } from "../../protocol/positions";
import { positionNumbers } from "../../store/positionNumbers";
import type { StoredRun } from "../../store/storedRun";
import type { OpenModel } from "./openModel";

/** How the model of a run marks positions, with the tables that its graphs hold. */
export async function positionsOfRun(run: StoredRun, model: OpenModel): Promise<ModelPositions> {
  const { report, config } = model;
  const { first, decoder } = await model.parts("weights");
  const bucketTables = [first, decoder].flatMap((part) => part?.graph.bucketTables ?? []);
  const graph = { ...first.graph, bucketTables };
  const nHeads = run.layers[0]?.info.nHeads ?? 0;
  const dHead = run.layers[0]?.tensors.get("q")?.dims[2] ?? report.blocks[0]?.layers[0]?.dHead;
  return modelPositions(report.positions, config, { nHeads, dHead: dHead ?? config.dHead }, graph);
}

/** What the graph says of positions, else what config.json says; with the numbers that follow from either. */
export function modelPositions(
  report: PositionReport,
  config: ModelConfig,
  heads: { readonly nHeads: number; readonly dHead?: number },
  read: {
    readonly positionTable?: Tensor;
    readonly bucketBias?: Tensor;
    readonly bucketTables?: readonly BucketTable[];
  } = {},
): ModelPositions {
  if (report.scheme !== "unknown") {
    const { scheme } = report;
    // A graph has T5's buckets but not up to which distance they reach.
    const beside = config.positions?.scheme === scheme ? config.positions.parameters : {};
    const found = positionNumbers(
      {
        scheme,
        parameters: { ...beside, ...report.parameters, ...exactBase(report, beside) },
        source: "graph",
      },
      heads,
    );
    const { buckets } = found;
    const ofBlocks =
      buckets &&
      read.bucketTables?.map(({ block, bias, bidirectional }) => ({
        block,
        buckets: { ...buckets, bidirectional, nBuckets: bias?.dims[0] ?? buckets.nBuckets },
        ...(bias && { bias }),
      }));
    return {
      ...found,
      table: read.positionTable,
      bucketBias: read.bucketBias,
      ...(ofBlocks?.length && { bucketsOfBlocks: ofBlocks }),
    };
  }
  if (config.positions) return positionNumbers({ ...config.positions, source: "config.json" }, heads);
  return positionNumbers({ scheme: "unknown", parameters: {} }, heads);
}

/** A base that is computed from stored frequencies is rounded as they are: config.json's, where both agree. */
function exactBase(
  { parameters }: PositionReport,
  beside: Readonly<Record<string, number>>,
): { readonly base?: number } {
  const [read, stated] = [parameters.base, beside.base];
  if (typeof read !== "number" || stated === undefined) return {};
  return Math.abs(read / stated - 1) < 0.02 ? { base: stated } : {};
}
