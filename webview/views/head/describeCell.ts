import { isPerLayer } from "../../../src/core/measures/measure";
import { computed, type ReadonlySignal } from "@preact/signals-core";
import { wordReadout } from "../../state/groupReadout";
import { cellReadout } from "../../state/readout";
import type { ViewContext } from "../view";

/** The cell that the keyboard is on as a sentence for a screen reader; empty without one. */
export function describeCell({ inspector, data }: ViewContext): ReadonlySignal<string> {
  return computed(() => {
    const at = inspector.pointed.value;
    if (at?.kind !== "cell") return "";
    const { queries, keys } = inspector;
    const visible = data.isVisible.value;
    const windows = inspector.run.value?.windows;
    const { measure } = inspector.selection.value;
    const [weights, scores] = isPerLayer(measure) ? [] : [data.weights.value, data.scores.value];
    const shown =
      at.queries || at.keys
        ? wordReadout(at, queries.value, keys.value, data.shown.value, measure, visible, windows)
        : cellReadout(
            at,
            queries.value,
            keys.value,
            weights,
            scores,
            visible,
            {
              measure,
              row: data.shown.value,
            },
            windows,
          );
    const pinned = inspector.selection.value.queries ?? [inspector.selection.value.query];
    return pinned.includes(at.query) ? `${shown.spoken}, query selected` : shown.spoken;
  });
}
