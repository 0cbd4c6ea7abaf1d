import { signal } from "@preact/signals-core";
import { html } from "lit-html";
import { isCancelled, toReport } from "../../../src/core/errors";
import { live } from "lit-html/directives/live.js";
import { textButton } from "../../controls";
import { showWhiteSpace } from "../../../src/paint/tokenText";
import type { Inspector } from "../../state/inspector";

/** Why nothing can be run: a page that was saved carries no model. */
const refusal = signal("");
/** Kept while the page lives; what the run was asked for until a person chose. */
const wanted = signal<number | undefined>(undefined);
const USUAL = 16;

/** How far to continue, and what came of it. */
export function continueForm({ run, host }: Inspector) {
  const shown = run.value!;
  const { generated, tokens, model } = shown;
  const nGiven = generated?.start ?? tokens.length;
  const most = model.context === undefined ? undefined : Math.max(0, model.context - nGiven);
  const usual = generated?.nAsked ?? USUAL;
  const nTokens = wanted.value ?? Math.min(usual, most ?? usual);
  const canBe = (count: number) =>
    Number.isInteger(count) && count >= 1 && (most === undefined || count <= most);
  const isPossible = canBe(nTokens);
  const ask = (count: number) => {
    if (!canBe(count)) return;
    refusal.value = "";
    host.remote.generate({ nTokens: count }).catch((error: unknown) => {
      if (!isCancelled(error)) refusal.value = toReport(error).message;
    });
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    ask((event.target as HTMLInputElement).valueAsNumber);
  };
  return html`<div class="continue-form">
    <label class="field"
      >Continue by
      <input
        class="text-input"
        type="number"
        min="1"
        max=${most ?? ""}
        step="1"
        aria-invalid=${String(!isPossible)}
        .value=${live(String(nTokens))}
        @input=${(event: Event) => (wanted.value = (event.target as HTMLInputElement).valueAsNumber)}
        @keydown=${onKey}
      />
      tokens</label
    >
    ${textButton("Continue", () => ask(nTokens))}
    <span class="hint" aria-live="polite"
      >${isPossible ? refusal.value || outcome(shown) : limit(nGiven, most, model.name, model.context)}</span
    >
  </div>`;
}

/** What was written as one text: bytes of one character together, line ends as signs. */
export function writtenText({ run }: Inspector) {
  const text = run.value?.generated?.text;
  return text
    ? html`<p class="written-text"><bdi>${showWhiteSpace(text).replaceAll("·", " ")}</bdi></p>`
    : "";
}

function outcome({ generated }: NonNullable<Inspector["run"]["value"]>): string {
  if (!generated) return "greedily: at each step the most likely token";
  const { count, end, start } = generated;
  const format = (n: number) => n.toLocaleString("en");
  const wrote = `${format(start)} tokens given, ${format(count)} written`;
  return end === "end-token" ? `${wrote}; then the model ended the text.` : `${wrote}.`;
}

function limit(nGiven: number, most: number | undefined, name: string, context: number | undefined): string {
  if (most === undefined || context === undefined) return "A whole number from 1.";
  const format = (n: number) => n.toLocaleString("en");
  return `The text is ${format(nGiven)} tokens and ${name} reads at most ${format(context)}: continue by 1 to ${format(most)}.`;
}
