import { html, nothing, render } from "lit-html";
import { isPerLayer, measureWords } from "../../src/core/measures/measure";
import type { BlockKind, RunSummary } from "../../src/core/run";
import { showWhiteSpace } from "../../src/paint/tokenText";
import { errorText } from "./errorText";
import { dropdown, iconButton, type Choice } from "../controls";
import { onFrame } from "../frame";
import type { Inspector } from "../state/inspector";
import { measureChooser } from "./measureChooser";

const blockNames: Record<BlockKind, string> = {
  encoder: "Encoder",
  decoder: "Decoder",
  cross: "Cross",
};

/** One line: model, text, number of tokens; then which block, layer, head and measure is looked at. */
export function mountHeader(root: HTMLElement, inspector: Inspector, exportMenu: () => unknown): void {
  onFrame(() => {
    const run = inspector.run.value;
    render(run ? html`${title(inspector)}${choosers(inspector)}${exportMenu()}` : nothing, root);
  });
}

function title(inspector: Inspector) {
  const run = inspector.run.value!;
  const { nTokens, text } = {
    nTokens: run.tokens.length + (run.targetTokens?.length ?? 0),
    text: showWhiteSpace(run.text.trim().slice(0, 200)).replaceAll("·", " "),
  };
  return html`<div class="run-title">
    <span class="model" title=${run.model.id}>${run.model.name}</span>
    <bdi class="excerpt" title=${run.text.slice(0, 2000)}>${text}</bdi>
    <span class="count">${nTokens.toLocaleString("en")} ${nTokens === 1 ? "token" : "tokens"}</span>
    ${formOf(run)}
    ${
      run.notices.length
        ? html`<span
            class="codicon codicon-info notice"
            role="img"
            aria-label=${run.notices.map(({ message }) => message).join(" ")}
            title=${run.notices.map(({ message }) => message).join("\n")}
          ></span>`
        : nothing
    }
  </div>`;
}

/** How the run differs from one that keeps everything the model computed; the notices say more. */
function formOf({ kept, windows }: RunSummary) {
  const words = [
    ...(kept ? [`${kept.form === "bytes" ? "weights as bytes" : "layers on demand"}${errorText(kept)}`] : []),
    ...(windows ? [`${windows.length} windows`] : []),
  ];
  return words.length ? html`<span class="form">${words.join(", ")}</span>` : nothing;
}

function choosers(inspector: Inspector) {
  const run = inspector.run.value!;
  const { choice, measure } = inspector.selection.value;
  const block = inspector.block.value;
  const layer = inspector.layer.value;
  if (!block || !layer) return nothing;
  const layers: Choice<string>[] = [
    ...block.layers.map((entry) => ({ value: String(entry.layer), label: `Layer ${entry.layer}` })),
    { value: "all", label: "All layers" },
  ];
  const heads: Choice<string>[] = [
    ...(choice.layer === "all"
      ? []
      : Array.from({ length: layer.nHeads }, (_, head) => ({ value: String(head), label: `Head ${head}` }))),
    { value: "mean", label: "Mean of heads" },
    { value: "max", label: "Max of heads" },
  ];
  const numberOr = <W extends string>(value: string): number | W =>
    /^\d+$/.test(value) ? Number(value) : (value as W);
  return html`<div class="choosers">
    ${
      run.blocks.length > 1
        ? dropdown(
            "Attention",
            run.blocks.map(({ kind }) => ({ value: kind, label: blockNames[kind] })),
            choice.block,
            (kind) => inspector.choose({ block: kind, layer: 0, head: 0 }),
          )
        : nothing
    }
    ${dropdown("Layer", layers, String(choice.layer), (value) =>
      inspector.choose({ layer: numberOr<"all">(value) }),
    )}
    ${
      isPerLayer(measure)
        ? html`<span class="all-heads" title=${measureWords[measure].meaning}>All heads</span>`
        : html`${dropdown("Head", heads, String(choice.head), (value) =>
              inspector.choose({ head: numberOr<"mean" | "max">(value) }),
            )}
            <span class="pair">
              ${iconButton("chevron-left", "Previous head (,)", () => inspector.step("head", -1))}
              ${iconButton("chevron-right", "Next head (.)", () => inspector.step("head", 1))}
            </span>`
    }
    ${measureChooser(inspector)}
  </div>`;
}
