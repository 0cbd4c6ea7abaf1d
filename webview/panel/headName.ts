import type { HeadChoice } from "../../src/core/run";
import { t } from "../words";

/** "L3 H1", "L3 mean", "all layers, mean of heads". */
export function headName({ layer, head }: HeadChoice): string {
  if (typeof head === "number") return `L${layer} H${head}`;
  if (head === "mean" && layer !== "all") return t("L{0} mean", layer);
  const which = head === "mean" ? t("mean of heads") : t("maximum of heads");
  return `${layer === "all" ? t("all layers") : `L${layer}`}, ${which}`;
}
