import { headView } from "./head/headView";
import { headsView } from "./heads/headsView";
import { maskView } from "./mask/maskView";
import { positionsView } from "./positions/positionsView";
import { scoringView } from "./scoring/scoringView";
import { stepsView } from "./steps/stepsView";
import type { View } from "./view";

/** The tabs, from left to right; the number keys follow this order. */
export const views: readonly View[] = [headsView, headView, stepsView, maskView, positionsView, scoringView];
