import { alibiSlopes } from "../core/positions/alibi";
import { ropeFrequencies } from "../core/positions/rope";
import type { ModelPositions } from "../protocol/positions";

/** A scheme with its parameters, as read from a graph, a config.json or a page's data. */
export type KnownPositions = Pick<ModelPositions, "scheme" | "parameters" | "source">;

/** Adds the numbers that follow from the parameters by the published formulas: frequencies, slopes, buckets. */
export function positionNumbers(
  known: KnownPositions,
  heads: { readonly nHeads: number; readonly dHead?: number },
): ModelPositions {
  const number = (name: string) => {
    const value = known.parameters[name];
    return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : undefined;
  };
  switch (known.scheme) {
    case "rope": {
      const dimensions = number("dimensions") ?? heads.dHead;
      const base = number("base");
      if (!dimensions || !base) return { ...known, missing: "The base of the rotation was not found." };
      const { pairs } = known.parameters;
      const isKnown = pairs === "halves" || pairs === "neighbours";
      return { ...known, frequencies: ropeFrequencies(dimensions, base), ...(isKnown && { pairs }) };
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
