import { html, type TemplateResult } from "lit-html";
import type { Inspector } from "../state/inspector";
import type { ViewName } from "../../src/protocol/viewContract";

/** What a view teaches, in plain words, with the formula and where it was published. */
export interface Explanation {
  readonly view: ViewName;
  readonly words: TemplateResult;
  readonly formula?: string;
  readonly papers: readonly { readonly text: string; readonly url: string }[];
}

/** Closed until a person opens it; which are open is remembered with the page's arrangement. */
export function explanation(
  inspector: Inspector,
  { view, words, formula, papers }: Explanation,
): TemplateResult {
  const { arrangement } = inspector;
  const open = arrangement.value.explained.includes(view);
  const toggled = (event: Event) => {
    const isOpen = (event.target as HTMLDetailsElement).open;
    const others = arrangement.peek().explained.filter((each) => each !== view);
    if (isOpen === arrangement.peek().explained.includes(view)) return;
    arrangement.value = { ...arrangement.peek(), explained: isOpen ? [...others, view] : others };
  };
  return html`<details class="explanation" ?open=${open} @toggle=${toggled}>
    <summary>What this shows</summary>
    <div class="explanation-body">
      ${words} ${formula ? html`<p class="explanation-formula">${formula}</p>` : ""}
      <ul class="papers">
        ${papers.map(({ text, url }) => html`<li><a href=${url}>${text}</a></li>`)}
      </ul>
    </div>
  </details>`;
}
