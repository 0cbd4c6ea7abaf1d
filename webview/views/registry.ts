import { mountHead } from "./head/headView";
import { mountHeads } from "./heads/headsView";
import type { View } from "./view";

/**
 * The tabs, from left to right; the number keys follow this order. The first page draws with Heads and Head; each
 * other view is a file of its own, loaded when it is first shown.
 */
export const views: readonly View[] = [
  { name: "heads", title: "Heads", hasStrip: true, mount: mountHeads },
  { name: "head", title: "Head", hasStrip: true, mount: mountHead },
  {
    name: "steps",
    title: "Steps",
    hasStrip: true,
    load: async () => (await import("./steps/stepsView")).mountSteps,
  },
  {
    name: "mask",
    title: "Mask",
    hasStrip: true,
    load: async () => (await import("./mask/maskView")).mountMask,
  },
  {
    name: "positions",
    title: "Positions",
    hasStrip: true,
    load: async () => (await import("./positions/positionsView")).mountPositions,
  },
  {
    name: "scoring",
    title: "Scoring",
    hasStrip: true,
    load: async () => (await import("./scoring/scoringView")).mountScoring,
  },
  {
    name: "generate",
    title: "Generation",
    hasStrip: true,
    suits: ({ model }) => model.kind === "causal",
    load: async () => (await import("./generation/generationView")).mountGeneration,
  },
  {
    name: "encoderDecoder",
    title: "Encoder-decoder",
    hasStrip: false,
    suits: ({ targetTokens }) => targetTokens !== undefined,
    load: async () => (await import("./encoderDecoder/encoderDecoderView")).mountEncoderDecoder,
  },
];
