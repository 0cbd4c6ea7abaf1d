import { html, nothing, render } from "lit-html";
import { effect } from "@preact/signals-core";
import { onFrame } from "../../frame";
import { watchColours } from "../../parts/colours";
import { explanation } from "../../parts/explanation";
import { watchSize } from "../../parts/size";
import type { MountedView, ViewContext } from "../view";
import { attendedPanel } from "./attendedPanel";
import { continueForm, writtenText } from "./continueForm";
import { createGenerationData } from "./generationData";
import { generationExplanation } from "./generationExplanation";
import { generationExports } from "./generationExports";
import { lensTable } from "./lensTable";
import { writtenTable } from "./writtenTable";

/** Pixels of one position in the lens, and of the names of its rows. */
const LENS_CELL = 84;
const LENS_NAMES = 84;

/** A causal model goes on writing: each token with its probability, what it attends to, and how the layers came to it. */
export function mountGeneration(root: HTMLElement, { inspector }: ViewContext): MountedView {
  const colours = watchColours(inspector);
  const data = createGenerationData(inspector);
  const { size, stop: stopSize } = watchSize(root);
  const stopWidth = effect(() => {
    const fit = Math.floor((size.value.width - 24 - LENS_NAMES) / LENS_CELL);
    data.lensWidth.value = Math.max(2, Math.min(16, fit));
  });
  // The first written token to begin with, so that its row is marked in the strip and in the editor.
  const stopFirst = effect(() => {
    const generated = inspector.run.value?.generated;
    if (generated && generated.count > 0 && inspector.selection.peek().query === undefined) {
      data.go(generated.start);
    }
  });
  const stop = onFrame(() => {
    const run = inspector.run.value;
    if (!run) return;
    render(
      html`<div class="generation">
        ${continueForm(inspector)}
        ${
          run.hasPredictions
            ? html`<div class="generation-columns">
                  <section aria-label="Written tokens" class="written-section">
                    <h2>${run.generated ? "What the model wrote" : "What it would write next"}</h2>
                    ${writtenText(inspector)} ${writtenTable(inspector, data)}
                  </section>
                  ${attendedPanel(inspector, data, colours.value)}
                </div>
                <section aria-label="Logit lens">
                  <h2>Logit lens <span class="unit">what each layer would predict</span></h2>
                  ${lensTable(inspector, data, colours.value)}
                </section>`
            : html`<p class="notice-line">
                This model has no output over its vocabulary, so it predicts no tokens.
              </p>`
        }
        ${explanation(inspector, generationExplanation)}
      </div>`,
      root,
    );
  });
  return {
    exports: generationExports(inspector, data),
    unmount() {
      stop();
      stopFirst();
      stopWidth();
      stopSize();
      data.stop();
      render(nothing, root);
    },
  };
}
