import type { Tensor } from "../../core/tensor";
import type { ModelConfig } from "../../model/config";
import type { PositionReport } from "../../onnx/instrumented";
import type { ModelPositions } from "../../protocol/positions";
import { positionNumbers } from "../../store/positionNumbers";

/** What the graph says of positions, else what config.json says; with the numbers that follow from either. */
export function modelPositions(
  report: PositionReport,
  config: ModelConfig,
  heads: { readonly nHeads: number; readonly dHead?: number },
  read: { readonly positionTable?: Tensor; readonly bucketBias?: Tensor } = {},
): ModelPositions {
  if (report.scheme !== "unknown") {
    const { scheme } = report;
    // A graph has T5's buckets but not up to which distance they reach.
    const beside = config.positions?.scheme === scheme ? config.positions.parameters : {};
    const found = positionNumbers(
      { scheme, parameters: { ...beside, ...report.parameters }, source: "graph" },
      heads,
    );
    return { ...found, table: read.positionTable, bucketBias: read.bucketBias };
  }
  if (config.positions) return positionNumbers({ ...config.positions, source: "config.json" }, heads);
  return positionNumbers({ scheme: "unknown", parameters: {} }, heads);
}
