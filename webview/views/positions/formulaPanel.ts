import { computed, signal } from "@preact/signals-core";
import { html, nothing } from "lit-html";
import { live } from "lit-html/directives/live.js";
import type { Colours } from "../../parts/colours";
import { schemePanels, type SchemeMarks } from "./schemePanels";
import {
  alibiPanels,
  firstCurves,
  relativePanels,
  ropeByFormula,
  sinusoidalPanels,
  toggledCurve,
  type SchemePanels,
} from "./schemes";

/** The four schemes, in the order of their publication; kept while the page lives. */
const schemes = ["sinusoidal", "relative", "rope", "alibi"] as const;
type FormulaScheme = (typeof schemes)[number];

const names: Record<FormulaScheme, string> = {
  sinusoidal: "Sinusoidal",
  relative: "Relative buckets",
  rope: "RoPE",
  alibi: "ALiBi",
};

const formulas: Record<FormulaScheme, string> = {
  sinusoidal: "PE(pos, 2i) = sin(pos / base^(2i/d)),  PE(pos, 2i+1) = cos(pos / base^(2i/d))",
  relative: "score(q, k) = q·k + b[bucket(k − q)]: exact when near, ever wider when far",
  rope: "q and k turned by pos · θ_i in each pair of dimensions, θ_i = base^(−2i/d)",
  alibi: "score(q, k) = q·k/√d − slope · distance, slope = 2^(−8(h+1)/heads)",
};

const state = {
  scheme: signal<FormulaScheme>("sinusoidal"),
  n: signal(64),
  d: signal(64),
  /** Power of ten. */
  base: signal(4),
  nHeads: signal(8),
  head: signal(0),
  nBuckets: signal(32),
  maxDistance: signal(128),
  curves: signal<readonly number[] | undefined>(undefined),
};

/** Recomputed when a slider moves, not when something is pointed at. */
const panels = computed(() => {
  const { scheme, n, d, base, nHeads, head, nBuckets, maxDistance, curves } = state;
  switch (scheme.value) {
    case "sinusoidal":
      return sinusoidalPanels(n.value, d.value, 10 ** base.value, curves.value);
    case "rope":
      return ropeByFormula(n.value, d.value, 10 ** base.value);
    case "alibi":
      return alibiPanels(n.value, nHeads.value, Math.min(head.value, nHeads.value - 1));
    case "relative":
      return relativePanels(n.value, {
        bidirectional: true,
        nBuckets: nBuckets.value,
        maxDistance: Math.max(nBuckets.value, maxDistance.value),
      });
  }
});

/** Chooses the scheme that the model has, so that the two stand beside each other. */
export function showScheme(scheme: string): void {
  const like = { rope: "rope", alibi: "alibi", "relative-bias": "relative", sinusoidal: "sinusoidal" }[
    scheme
  ];
  if (like) state.scheme.value = like as FormulaScheme;
}

/** What is shown by formula now, and the formula itself. */
export function formulaPanels(): SchemePanels {
  return panels.peek();
}

export function formulaText(): string {
  return formulas[state.scheme.peek()];
}

/** The scheme by its formula, with its parameters as sliders. */
export function formulaPanel(colours: Colours, marks: SchemeMarks) {
  const { scheme } = state;
  const uses = (...list: FormulaScheme[]) => list.includes(scheme.value);
  return html`<section class="scheme" aria-label="By formula">
    <h2>By formula</h2>
    <div class="segmented" role="radiogroup" aria-label="Scheme">
      ${schemes.map(
        (each) =>
          html`<button
            type="button"
            role="radio"
            aria-checked=${scheme.value === each}
            @click=${() => (scheme.value = each)}
          >
            ${names[each]}
          </button>`,
      )}
    </div>
    <p class="scheme-formula">${formulas[scheme.value]}</p>
    <div class="sliders">
      ${slider("positions", state.n, 8, 512, 8)}
      ${uses("sinusoidal", "rope") ? slider("d", state.d, 4, 256, 4) : nothing}
      ${uses("sinusoidal", "rope") ? slider("base", state.base, 1, 6, 0.1, (power) => Math.round(10 ** power).toLocaleString("en")) : nothing}
      ${uses("alibi") ? slider("heads", state.nHeads, 1, 32, 1) : nothing}
      ${uses("alibi") ? slider("head", state.head, 0, Math.max(0, state.nHeads.value - 1), 1) : nothing}
      ${uses("relative") ? slider("buckets", state.nBuckets, 8, 64, 4) : nothing}
      ${uses("relative") ? slider("max. distance", state.maxDistance, 16, 512, 16) : nothing}
    </div>
    ${schemePanels(panels.value, colours, { ...marks, toggleCurve })}
  </section>`;
}

function toggleCurve(dimension: number): void {
  state.curves.value = toggledCurve(state.curves.peek() ?? firstCurves(state.d.peek()), dimension);
}

function slider(
  label: string,
  value: { value: number },
  min: number,
  max: number,
  step: number,
  text: (value: number) => string = String,
) {
  const shown = text(value.value);
  return html`<label class="field">
    ${label}
    <input
      type="range"
      min=${min}
      max=${max}
      step=${step}
      aria-valuetext=${shown}
      .value=${live(String(value.value))}
      @input=${(event: Event) => (value.value = Number((event.target as HTMLInputElement).value))}
    />
    <output>${shown}</output>
  </label>`;
}
