import { html, nothing } from "lit-html";
import type { BlockKind, PositionScheme } from "../../../src/core/run";
import { recogniseSinusoidal } from "../../../src/core/positions/sinusoidal";
import type { RopePairs } from "../../../src/core/positions/rope";
import type { BucketsOfBlock, ModelPositions } from "../../../src/protocol/positions";
import type { Colours } from "../../parts/colours";
import { rotationDials, type Rotation } from "./rotationDials";
import { schemePanels, type SchemeMarks } from "./schemePanels";
import {
  alibiPanels,
  relativePanels,
  recognisedPanels,
  ropePanels,
  tablePanels,
  type SchemeChart,
  type SchemePanels,
} from "./schemes";

const names: Record<PositionScheme, string> = {
  learned: "Learned table",
  sinusoidal: "Sinusoidal table",
  rope: "Rotary positions (RoPE)",
  alibi: "Linear biases (ALiBi)",
  "relative-bias": "Relative bias in buckets",
  none: "No positions",
  unknown: "Not recognised",
};

/** Rotations, slopes and buckets are drawn over so many positions at least: as many as by formula at first. */
export const LEAST_POSITIONS = 64;

/** The model's own scheme for `nPositions` of this run; `head` is the chosen one. Made when one of them changes. */
export function modelPanels(
  model: ModelPositions,
  nPositions: number,
  head: number,
  block: BlockKind,
  curves?: readonly number[],
): SchemePanels | undefined {
  // What a formula gives is not bound to the text: a short one would show the beginning of a curve only.
  const n = Math.max(LEAST_POSITIONS, Math.min(512, nPositions));
  if (model.table) {
    const found = recogniseSinusoidal(model.table);
    return found
      ? recognisedPanels(model.table, found.frequencies, curves)
      : tablePanels(model.table, curves);
  }
  if (model.frequencies) return ropePanels(n, model.frequencies);
  if (model.slopes)
    return alibiPanels(n, model.slopes.length, Math.min(head, model.slopes.length - 1), model.slopes);
  const own = bucketsIn(model, block);
  if (!own) return undefined;
  const nHeads = own.bias?.dims[1] ?? 0;
  const bias = own.bias && head < nHeads ? own.bias.data.filter((_, i) => i % nHeads === head) : undefined;
  return relativePanels(Math.min(n, 128), own.buckets, bias);
}

/** The buckets of a block: its own table's where the graph has one; else the model's, which in a decoder count backwards only. */
function bucketsIn(
  { buckets, bucketBias, bucketsOfBlocks }: ModelPositions,
  block: BlockKind,
): Pick<BucketsOfBlock, "buckets" | "bias"> | undefined {
  if (bucketsOfBlocks) return bucketsOfBlocks.find((each) => each.block === block);
  if (!buckets || block === "cross") return undefined;
  return {
    buckets: { ...buckets, bidirectional: block === "encoder" },
    ...(bucketBias && { bias: bucketBias }),
  };
}

/** Where a graph does not show which dimensions turn together: as most models in ONNX files do. */
export const ASSUMED_PAIRS: RopePairs = "halves";

export interface ModelPanel {
  readonly model: ModelPositions | undefined;
  readonly failed?: string;
  readonly panels: SchemePanels | undefined;
  readonly block: BlockKind;
  /** q·k of the chosen query and key, were they moved apart. */
  readonly moved?: SchemeChart;
  /** The rotation of the chosen query's and key's own vectors. */
  readonly rotations?: readonly Rotation[];
  readonly colours: Colours;
  readonly marks: SchemeMarks;
}

/** The model's own positions: name, parameters, where they were read, and what they look like. */
export function modelPanel({ model, block, failed, panels, moved, rotations, colours, marks }: ModelPanel) {
  const parameters = Object.entries(model?.parameters ?? {});
  return html`<section class="scheme" aria-label="This model">
    <h2>This model${model ? html`: ${names[model.scheme]}` : nothing}</h2>
    ${
      parameters.length || model?.source
        ? html`<p class="scheme-formula">
            ${parameters.map(parameterText).join(", ")}${
              model?.source
                ? html` <span class="unit"
                    >${parameters.length ? "(" : ""}read from
                    ${model.source === "graph" ? "its graph" : model.source}${
                      parameters.length ? ")" : ""
                    }</span
                  >`
                : nothing
            }
          </p>`
        : nothing
    }
    ${
      model?.frequencies && !model.pairs
        ? html`<p class="notice-line">
            Which dimensions turn together was not found in the graph; halves (i with i + d/2) are assumed.
          </p>`
        : nothing
    }
    ${failed ? html`<p class="notice-line">${failed}</p>` : nothing}
    ${model && !panels ? html`<p class="notice-line">${model.missing ?? absent(model.scheme, block)}</p>` : nothing}
    ${rotations?.map((rotation) => rotationDials(rotation, marks)) ?? nothing}
    ${panels ? schemePanels(moved ? { ...panels, charts: [moved, ...panels.charts] } : panels, colours, marks) : nothing}
  </section>`;
}

function parameterText([name, value]: [string, number | string]): string {
  if (name === "pairs" && value === "halves") return "dimension i turns with i + d/2";
  if (name === "pairs" && value === "neighbours") return "dimension 2i turns with 2i + 1";
  return `${name} ${typeof value === "number" ? value.toLocaleString("en") : value}`;
}

function absent(scheme: PositionScheme, block: BlockKind): string {
  if (scheme === "relative-bias" && block === "cross")
    return "Cross-attention has no positions of its own here: its queries and keys are different texts. Choose the encoder or the decoder.";
  switch (scheme) {
    case "learned":
      return "The table lies in the model's weights; it could not be read from there. The heads' use of positions is below.";
    case "none":
      return "This model is told nothing of positions; only its mask breaks the symmetry.";
    default:
      return "The numbers of this scheme could not be read; the heads' use of positions is below.";
  }
}
