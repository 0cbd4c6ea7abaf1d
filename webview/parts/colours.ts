import { computed, type ReadonlySignal } from "@preact/signals-core";
import type { Palette } from "../../src/paint/palette";
import { divergingRamp, sequentialRamp, type Ramp } from "../../src/paint/ramp";
import type { Inspector } from "../state/inspector";

/** What cells are painted with: one object for as long as theme and settings stay. */
export interface Colours {
  readonly palette: Palette;
  /** For weights. */
  readonly weights: Ramp;
  /** For signed values: vectors, products, scores. */
  readonly signed: Ramp;
}

export function watchColours(inspector: Inspector): ReadonlySignal<Colours> {
  return computed(() => {
    const { palette } = inspector.theme.value;
    return {
      palette,
      weights: sequentialRamp(inspector.settings.value.colourMap, palette),
      signed: divergingRamp(palette),
    };
  });
}
