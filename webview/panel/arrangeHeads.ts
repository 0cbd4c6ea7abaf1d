import { describeHead, descriptionText } from "../../src/core/describeHead";
import type { BlockOfRun, HeadChoice } from "../../src/core/run";
import type { SimilarHead } from "../../src/protocol/comparison";
import type { HeadStatistics } from "../../src/protocol/slices";
import { t } from "../words";
import { headName } from "./headName";
import { statisticText } from "../state/readout";
import { rankHeads } from "../views/heads/headsOrder";

/** One line of the list: a head, or the mean over a layer's heads, which has no statistics. */
export interface ListedHead {
  readonly choice: HeadChoice & { readonly layer: number; readonly head: number | "mean" };
  /** "L3 H1", "L3 mean". */
  readonly name: string;
  readonly values: Readonly<Record<string, number>>;
  /** What the head does, and the figure that says so. */
  readonly description: string;
  readonly figure: string;
  /** What a uniform head would have in the figure's place. */
  readonly uniform: string;
  /** How far it is from the head that was asked about, in bits. */
  readonly divergence?: number;
}

/** By place with the means of the layers; by a statistic, largest first; or by distance from a head. Then filtered. */
export function arrangeHeads(
  block: BlockOfRun | undefined,
  statistics: readonly HeadStatistics[] | undefined,
  sort: string,
  filter: string,
  similar: readonly SimilarHead[] | undefined,
): ListedHead[] {
  if (!block) return [];
  const known = new Map(statistics?.map((each) => [`${each.address.layer}.${each.address.head}`, each]));
  const listed = (layer: number, head: number | "mean", divergence?: number): ListedHead => {
    const { values = {}, uniform } = known.get(`${layer}.${head}`) ?? {};
    const found = describeHead(values, uniform);
    return {
      choice: { block: block.kind, layer, head },
      name: headName({ block: block.kind, layer, head }),
      values,
      description: head === "mean" ? t("mean of the layer's heads") : found ? descriptionText(found, t) : "",
      figure: found ? statisticText(found.value) : "",
      uniform: found?.uniform === undefined ? "" : statisticText(found.uniform),
      ...(divergence !== undefined && { divergence }),
    };
  };
  const wanted = filter.trim().toLowerCase();
  return order().filter(({ name, description }) => `${name} ${description}`.toLowerCase().includes(wanted));

  function order(): ListedHead[] {
    if (similar)
      return similar.map(({ address, divergence }) => listed(address.layer, address.head, divergence));
    if (sort !== "place" && statistics?.some(({ values }) => sort in values)) {
      return rankHeads(statistics, sort).map(({ layer, head }) => listed(layer, head));
    }
    return block!.layers
      .filter(({ has }) => has.includes("weights"))
      .flatMap(({ layer, nHeads }) => [
        ...Array.from({ length: nHeads }, (_, head) => listed(layer, head)),
        listed(layer, "mean"),
      ]);
  }
}
