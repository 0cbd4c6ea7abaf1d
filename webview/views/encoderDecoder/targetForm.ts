import { signal } from "@preact/signals-core";
import { html } from "lit-html";
import { live } from "lit-html/directives/live.js";
import { isCancelled, toReport } from "../../../src/core/errors";
import { textButton } from "../../controls";
import type { Inspector } from "../../state/inspector";

/** Why nothing can be run: a page that was saved carries no model. */
const refusal = signal("");
/** Kept while the page lives; nothing until a person chose. */
const mode = signal<"greedy" | "given" | undefined>(undefined);
const typed = signal<string | undefined>(undefined);

/** Who writes the target: the model, token by token, or a person, whose tokens the model then only reads. */
export function targetForm(inspector: Inspector) {
  const { run, host } = inspector;
  const shown = run.value;
  const given = shown?.targetText ?? "";
  const chosen = mode.value ?? (shown?.generated || given === "" ? "greedy" : "given");
  const text = typed.value ?? (given || writtenText(inspector));
  const ask = (targetText: string) => {
    refusal.value = "";
    host.remote.generate({ targetText }).catch((error: unknown) => {
      if (!isCancelled(error)) refusal.value = toReport(error).message;
    });
  };
  const choose = (next: "greedy" | "given") => {
    mode.value = next;
    if (next === "greedy" && !shown?.generated) ask("");
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    ask((event.target as HTMLInputElement).value);
  };
  return html`<div class="target-form">
    <span class="label">Target</span>
    <div class="segmented" role="radiogroup" aria-label="Who writes the target">
      ${(["greedy", "given"] as const).map(
        (each) =>
          html`<button
            type="button"
            role="radio"
            aria-checked=${chosen === each}
            @click=${() => choose(each)}
          >
            ${each === "greedy" ? "Written by the model" : "Given"}
          </button>`,
      )}
    </div>
    ${
      chosen === "given"
        ? html`<input
              class="text-input"
              type="text"
              aria-label="Target text"
              .value=${live(text)}
              @keydown=${onKey}
              @input=${(event: Event) => (typed.value = (event.target as HTMLInputElement).value)}
            />
            ${textButton("Run", () => ask(text), "secondary")}`
        : html`<span class="hint">greedily: at each step the most likely token</span>`
    }
    ${refusal.value ? html`<span class="notice-line" role="alert">${refusal.value}</span>` : ""}
  </div>`;
}

/** What the model wrote, to start from. */
function writtenText({ run }: Inspector): string {
  const generated = run.value?.generated;
  return generated?.side === "target" ? generated.text : "";
}
