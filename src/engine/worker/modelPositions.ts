import { alibiSlopes } from "../../core/positions/alibi";
import { ropeFrequencies } from "../../core/positions/rope";
import type { ModelConfig } from "../../model/config";
import type { PositionReport } from "../../onnx/instrumented";
import type { ModelPositions } from "../../protocol/positions";

/** What the graph says of positions, else what config.json says; with the numbers that follow from either. */
export function modelPositions(
  report: PositionReport,
  config: ModelConfig,
  heads: { readonly nHeads: number; readonly dHead?: number },
): ModelPositions {
  const fromGraph = report.scheme !== "unknown";
  const { scheme, parameters } = fromGraph ? report : (config.positions ?? report);
  const source: ModelPositions["source"] = fromGraph ? "graph" : config.positions ? "config.json" : undefined;
  const number = (name: string) => {
    const value = parameters[name];
    return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : undefined;
  };
  const known = { scheme, parameters, source };
  switch (scheme) {
    case "rope": {
      const dimensions = number("dimensions") ?? heads.dHead;
      const base = number("base");
      if (!dimensions || !base) return { ...known, missing: "The base of the rotation was not found." };
      return { ...known, frequencies: ropeFrequencies(dimensions, base), pairs: "halves" };
    }
    case "alibi":
      return { ...known, slopes: alibiSlopes(number("heads") ?? heads.nHeads) };
    case "relative-bias": {
      const nBuckets = number("buckets");
      const maxDistance = number("maxDistance");
      if (!nBuckets || !maxDistance) return known;
      return { ...known, buckets: { bidirectional: true, nBuckets, maxDistance } };
    }
    case "unknown":
      return { ...known, missing: "How this model marks positions was not found in its graph." };
    default:
      return known;
  }
}
