import type { ModelConfig } from "../../model/config";
import type { PositionReport } from "../../onnx/instrumented";
import type { ModelPositions } from "../../protocol/positions";
import { positionNumbers } from "../../store/positionNumbers";

/** What the graph says of positions, else what config.json says; with the numbers that follow from either. */
export function modelPositions(
  report: PositionReport,
  config: ModelConfig,
  heads: { readonly nHeads: number; readonly dHead?: number },
): ModelPositions {
  if (report.scheme !== "unknown") {
    return positionNumbers({ scheme: report.scheme, parameters: report.parameters, source: "graph" }, heads);
  }
  if (config.positions) return positionNumbers({ ...config.positions, source: "config.json" }, heads);
  return positionNumbers({ scheme: "unknown", parameters: {} }, heads);
}
