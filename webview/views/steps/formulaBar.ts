import { html, nothing } from "lit-html";
import type { StageText, Stage } from "./stage";

/** The formula with each term a button; arrow keys walk the terms, the current one is lit. */
export function formulaBar(texts: readonly StageText[], current: Stage, choose: (stage: Stage) => void) {
  const term = (stage: Stage) => {
    const text = texts.find((each) => each.stage === stage);
    if (!text) return nothing;
    const isCurrent = stage === current;
    return html`<button
      type="button"
      class="term"
      role="radio"
      data-stage=${stage}
      aria-checked=${isCurrent}
      tabindex=${isCurrent ? 0 : -1}
      title=${text.says}
      aria-label=${`${text.title}: ${text.term}`}
      @click=${() => choose(stage)}
    >
      ${text.term}
    </button>`;
  };
  const onKey = (event: KeyboardEvent) => {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const at = texts.findIndex(({ stage }) => stage === current);
    const next = event.key === "Home" ? 0 : event.key === "End" ? texts.length - 1 : by && at + by;
    const stage = next === undefined ? undefined : texts[next]?.stage;
    if (!stage) return;
    event.preventDefault();
    event.stopPropagation();
    choose(stage);
    const bar = event.currentTarget as HTMLElement;
    bar.querySelector<HTMLElement>(`[data-stage=${stage}]`)?.focus();
  };
  const sign = (text: string) => html`<span class="sign" aria-hidden="true">${text}</span>`;
  const says = texts.find(({ stage }) => stage === current)?.says;
  return html`<div class="formula">
    <div class="terms" role="radiogroup" aria-label="Stage of the formula" @keydown=${onKey}>
      ${term("softmax")}${sign("(")}${term("product")}${term("scale")}${term("bias")}${sign(") ·")}${term("values")}
      ${sign("→")}${term("heads")}${sign("·")}${term("projection")}${term("residual")}
    </div>
    <p class="formula-says">${says ?? nothing}</p>
  </div>`;
}
