import { html } from "lit-html";
import { tableWeight } from "../../../src/paint/numberText";
import { alternatives, textOf } from "../../parts/alternatives";
import { cssVariables } from "../../parts/cssVariables";
import type { Inspector } from "../../state/inspector";
import type { GenerationData } from "./generationData";

/** What the model wrote, a token a row: its probability and what else was likely; last, what would come next. */
export function writtenTable({ source, run }: Inspector, data: GenerationData) {
  const { pending, value, error } = data.written.value;
  if (error) return html`<p class="notice-line">${error.message}</p>`;
  const start = data.start.value;
  const end = data.nTokens.value;
  const rows = Array.from({ length: end - start + 1 }, (_, row) => start + row);
  const onKey = (event: KeyboardEvent) => {
    const at = data.at.peek();
    const moves: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: start, End: end };
    const next = moves[event.key];
    if (next === undefined) return;
    data.go(Math.max(start, Math.min(end, next)));
    const table = event.currentTarget as Element;
    requestAnimationFrame(() =>
      table.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" }),
    );
    event.preventDefault();
    event.stopPropagation();
  };
  const ends = run.value?.generated?.end === "end-token";
  return html`<div
    class="written-table"
    role="grid"
    tabindex="0"
    aria-label="Written tokens"
    aria-rowcount=${rows.length}
    aria-activedescendant=${`written-${data.at.value}`}
    @keydown=${onKey}
  >
    ${rows.map((index, row) => {
      const prediction = pending ? undefined : value?.[row];
      const isNext = index === end;
      const isCurrent = index === data.at.value;
      const id = isNext ? undefined : run.value?.tokens[index]?.id;
      const next = prediction?.likely[0];
      const probability = isNext ? next?.probability : prediction?.probability;
      const text = isNext ? (next ? textOf(next.text) : "…") : source.value.labels[index]!;
      return html`<div
        class=${isNext ? "written-row next" : "written-row"}
        role="row"
        id=${`written-${index}`}
        aria-selected=${String(isCurrent)}
        @click=${() => data.go(index)}
      >
        <span class="index" role="gridcell">${isNext ? (ends ? "end" : "next") : index}</span>
        <span class="token-text" role="gridcell"><bdi>${text}</bdi></span>
        <span class="probability" role="gridcell" ${cssVariables({ share: probability ?? 0 })}
          >${probability === undefined ? "" : tableWeight(probability)}</span
        >
        <span class="others" role="gridcell"
          >${prediction ? alternatives(prediction.likely, id ?? next?.id) : ""}</span
        >
      </div>`;
    })}
  </div>`;
}
