import { signal } from "@preact/signals-core";
import { html, nothing, render } from "lit-html";
import { findBlock, type BlockKind } from "../../../src/core/run";
import { readoutWeight, tableWeight } from "../../../src/paint/numberText";
import { weightScale } from "../../../src/paint/scale";
import { dropdown, iconButton } from "../../controls";
import { onFrame } from "../../frame";
import { alternatives } from "../../parts/alternatives";
import { colourLegend } from "../../parts/colourLegend";
import { watchColours } from "../../parts/colours";
import { explanation } from "../../parts/explanation";
import { labelledMatrix } from "../../parts/labelledMatrix";
import { shaded, type Shading } from "../../parts/shaded";
import type { MountedView, ViewContext } from "../view";
import { blockKinds, createEncoderDecoderData, rowOf, type ShownBlock } from "./encoderDecoderData";
import { encoderDecoderExplanation } from "./encoderDecoderExplanation";
import { encoderDecoderExports } from "./encoderDecoderExports";
import type { TargetStep } from "./targetSteps";
import { targetForm } from "./targetForm";

const titles: Readonly<Record<BlockKind, string>> = {
  encoder: "Encoder self-attention",
  decoder: "Decoder self-attention",
  cross: "Cross-attention",
};
const subtitles: Readonly<Record<BlockKind, string>> = {
  encoder: "source × source",
  decoder: "written × target so far",
  cross: "written × source",
};

/** Source and target, the target written token by token, and the three attentions of a step beside each other. */
export function mountEncoderDecoder(root: HTMLElement, context: ViewContext): MountedView {
  const { inspector } = context;
  const { run } = inspector;
  const colours = watchColours(inspector);
  const data = createEncoderDecoderData(inspector);
  /** The source token under the pointer, or where the keyboard is in the encoder's matrix. */
  const sourceAt = signal<number | undefined>(undefined);
  const encoderRow = signal<number | undefined>(undefined);
  const targetAt = signal<number | undefined>(undefined);

  const current = (): TargetStep | undefined => {
    return data.steps.value[data.step.value];
  };
  const { go } = data;
  const onStepKey = (event: KeyboardEvent) => {
    const last = data.steps.peek().length - 1;
    const at = data.step.peek();
    const moves: Record<string, number> = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: last };
    const next = moves[event.key];
    if (next === undefined) return;
    go(next);
    event.preventDefault();
    event.stopPropagation();
  };

  const stop = onFrame(() => {
    if (!run.value?.targetTokens) {
      render(html`<p class="notice-line">This run has no target: its model is no encoder-decoder.</p>`, root);
      return;
    }
    render(
      html`<div class="encoder-decoder">
        ${targetForm(inspector)} ${tapes()} ${stepLine()}
        <div class="attentions">${blockKinds.map(figure)}</div>
        ${explanation(inspector, encoderDecoderExplanation)}
      </div>`,
      root,
    );
  });

  function shading(): Shading {
    const { palette, weights: ramp } = colours.value;
    return { ramp, palette, scale: weightScale(inspector.arrangement.value.squareRoot) };
  }

  /** The source shaded by the step's cross-attention, the target by its self-attention. */
  function tapes() {
    const step = current();
    const cross = rowOf(data.blocks.cross.value, step?.query ?? -1);
    const self = rowOf(data.blocks.decoder.value, step?.query ?? -1);
    const colour = shading();
    const source = inspectorLabels("source");
    const target = inspectorLabels("target");
    const strongest = cross && [...cross.keys()].sort((a, b) => cross[b]! - cross[a]!).slice(0, 3);
    const said = strongest?.map((key) => `${source[key]} (${key}) ${tableWeight(cross![key]!)}`).join(", ");
    return html`<div class="tapes">
      <span class="strip-label" id="tape-source">Source</span>
      <div
        class="tape"
        role="img"
        aria-label=${`Source: ${source.join(" ")}. ${said ? `Most attended: ${said}` : ""}`}
        @pointerleave=${() => (sourceAt.value = undefined)}
      >
        ${source.map(
          (label, index) =>
            html`<span
              class=${index === sourceAt.value ? "token is-key" : "token"}
              title=${cross ? `${label} (${index}): weight ${readoutWeight(cross[index]!)}` : label}
              @pointerenter=${() => (sourceAt.value = index)}
              ${shaded(cross?.[index], colour)}
              ><bdi>${label}</bdi></span
            >`,
        )}
      </div>
      <span class="strip-label" id="tape-target">Target</span>
      <div
        class="tape"
        role="listbox"
        tabindex="0"
        aria-label="Target, token by token"
        aria-activedescendant=${step ? `step-${step.query}` : nothing}
        @keydown=${onStepKey}
      >
        <span class="token special" role="presentation" ${shaded(self?.[0], colour)}
          ><bdi>${target[0]}</bdi></span
        >
        ${data.steps.value.map((each) => written(each, step, self?.[each.query + 1], colour))}
      </div>
    </div>`;
  }

  function written(
    each: TargetStep,
    step: TargetStep | undefined,
    weight: number | undefined,
    colour: Shading,
  ) {
    const { probability, likely } = each.prediction ?? {};
    const p = probability ?? likely?.[0]?.probability;
    const isCurrent = each.query === step?.query;
    const isLater = step !== undefined && each.query > step.query;
    const classes = [
      "token written",
      isCurrent ? "is-query" : "",
      isLater ? "later" : "",
      each.isThere ? (each.isGenerated ? "generated" : "given") : "behind",
    ];
    return html`<span
      class=${classes.join(" ")}
      role="option"
      id=${`step-${each.query}`}
      aria-selected=${String(isCurrent)}
      title=${p === undefined ? each.writes : `${each.writes}: probability ${tableWeight(p)}`}
      @click=${() => go(each.query)}
      ${shaded(isCurrent || isLater ? undefined : weight, colour)}
      ><bdi>${each.writes}</bdi> <small>${p === undefined ? "" : tableWeight(p)}</small></span
    >`;
  }

  function stepLine() {
    const step = current();
    if (!step) return nothing;
    const { prediction } = step;
    const nSteps = data.steps.value.length;
    const what = step.isThere
      ? html`${step.isGenerated ? "writes" : "is given"} <bdi class="token-text">${step.writes}</bdi>`
      : html`${run.value?.generated?.end === "end-token" ? "ends with" : "would write"}
          <bdi class="token-text">${step.writes}</bdi>`;
    const rank =
      prediction?.rank !== undefined && prediction.rank > 1
        ? html`: the model's choice no. ${prediction.rank.toLocaleString("en")}, probability
          ${tableWeight(prediction.probability!)}`
        : nothing;
    const id = run.value?.targetTokens?.[step.query + 1]?.id ?? prediction?.likely[0]?.id;
    return html`<div class="step-line">
      <span class="pair">
        ${iconButton("chevron-left", "Step back", () => go(step.query - 1), step.query === 0)}
        ${iconButton("chevron-right", "Next step", () => go(step.query + 1), step.query === nSteps - 1)}
      </span>
      <p class="step-words" aria-live="polite">
        Step <b>${step.query + 1}</b> of ${nSteps}: after <bdi class="token-text">${step.reads}</bdi> it
        ${what}${rank}
      </p>
      ${prediction ? alternatives(prediction.likely, id) : nothing}
    </div>`;
  }

  function figure(kind: BlockKind) {
    const block = run.value && findBlock(run.value, kind);
    const shown = data.blocks[kind].value;
    return html`<figure class=${`attention ${kind}`}>
      <figcaption><b>${titles[kind]}</b> <span class="unit">${subtitles[kind]}</span></figcaption>
      ${
        block
          ? html`${choosers(kind)} ${shown ? picture(kind, shown) : html`<div class="matrix-space"></div>`}`
          : html`<p class="notice-line">
              ${kind === "cross" ? "No cross-attention was found in this model's graph." : `This model's ${kind} has no self-attention: ${kind === "encoder" ? "its source" : "its target"} is read some other way, by recurrence for instance.`}
            </p>`
      }
    </figure>`;
  }

  function choosers(kind: BlockKind) {
    const block = findBlock(run.value!, kind)!;
    const { layer, head } = data.choices.value[kind];
    const nHeads = block.layers.find((each) => each.layer === layer)?.nHeads ?? 0;
    const layers = [
      ...block.layers.map((each) => ({ value: String(each.layer), label: `Layer ${each.layer}` })),
      ...(block.layers.length > 1 ? [{ value: "all", label: "All layers" }] : []),
    ];
    const heads = [
      ...(layer === "all"
        ? []
        : Array.from({ length: nHeads }, (_, each) => ({ value: String(each), label: `Head ${each}` }))),
      { value: "mean", label: "Mean of heads" },
      { value: "max", label: "Max of heads" },
    ];
    return html`<div class="choosers">
      ${dropdown(`Layer of the ${titles[kind].toLowerCase()}`, layers, String(layer), (value) =>
        data.choose(
          kind,
          value === "all"
            ? { layer: "all", head: head === "max" ? "max" : "mean" }
            : { layer: Number(value) },
        ),
      )}
      ${dropdown(`Head of the ${titles[kind].toLowerCase()}`, heads, String(head), (value) =>
        data.choose(kind, { head: value === "mean" || value === "max" ? value : Number(value) }),
      )}
    </div>`;
  }

  function picture(kind: BlockKind, shown: ShownBlock) {
    const { palette, weights: ramp } = colours.value;
    const step = current();
    const isEncoder = kind === "encoder";
    const { rows, columns } = shown.slice;
    const row = isEncoder ? encoderRow.value : step?.query;
    const column = kind === "decoder" ? targetAt.value : sourceAt.value;
    const inside = (at: number | undefined, count: number) =>
      at !== undefined && at < count ? at : undefined;
    const [r, c] = [inside(row, rows), inside(column, columns)];
    const isMasked = r !== undefined && c !== undefined && !shown.isVisible(r, c);
    const here =
      r === undefined || c === undefined
        ? ""
        : isMasked
          ? "masked"
          : readoutWeight(shown.slice.data[r * columns + c]!);
    const rowLabels = isEncoder ? inspectorLabels("source") : data.steps.value.map(({ writes }) => writes);
    const columnLabels = inspectorLabels(kind === "decoder" ? "target" : "source");
    return html`${labelledMatrix({
        label: `${titles[kind]}, ${subtitles[kind]}`,
        cells: shown.cells,
        rowLabels,
        columnLabels,
        ramp,
        palette,
        row: r,
        column: c,
        here,
        fadedFrom: isEncoder || step === undefined ? undefined : step.query + 1,
        onCell: (nextRow, nextColumn) => {
          if (isEncoder) encoderRow.value = nextRow;
          else go(nextRow);
          if (kind === "decoder") targetAt.value = nextColumn;
          else sourceAt.value = nextColumn;
        },
        onLeave: () => {
          encoderRow.value = undefined;
          sourceAt.value = undefined;
          targetAt.value = undefined;
        },
      })}
      <p class="here">
        ${
          here
            ? html`<bdi>${rowLabels[r!]}</bdi> → <bdi>${columnLabels[c!]}</bdi> <b>${here}</b>`
            : colourLegend(shading().scale, ramp, palette, "weight")
        }
      </p>`;
  }

  function inspectorLabels(side: "source" | "target"): readonly string[] {
    return side === "source" ? inspector.source.value.labels : inspector.target.value.labels;
  }

  return {
    exports: encoderDecoderExports(inspector, data),
    unmount() {
      stop();
      data.stop();
      render(nothing, root);
    },
  };
}
