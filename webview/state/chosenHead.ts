import { computed, type ReadonlySignal } from "@preact/signals-core";
import type { HeadAddress } from "../../src/core/run";
import type { Inspector } from "./inspector";

/** The one head that is chosen; head 0 of the layer where a mean or maximum is. Undefined without a layer. */
export function chosenHead({
  block,
  layer,
  selection,
}: Pick<Inspector, "block" | "layer" | "selection">): ReadonlySignal<HeadAddress | undefined> {
  return computed(() => {
    if (!block.value || !layer.value) return undefined;
    const { head } = selection.value.choice;
    return { block: block.value.kind, layer: layer.value.layer, head: typeof head === "number" ? head : 0 };
  });
}
