import { html, nothing, render } from "lit-html";
import { effect, signal } from "@preact/signals-core";
import { textButton } from "../controls";
import { onFrame } from "../frame";
import { t } from "../words";
import type { Inspector } from "../state/inspector";

/** Progress is shown only to those who wait longer than this, in milliseconds. */
const patience = 300;

/**
 * What the host says of the inspection besides the result: running, failed, stale. With a result on screen it is a
 * bar above it and the result stays; without one it fills the page.
 */
export function mountBanner(
  root: HTMLElement,
  bar: HTMLElement,
  page: HTMLElement,
  inspector: Inspector,
): void {
  const waited = signal(false);
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const running = inspector.content.value.status === "running";
    clearTimeout(timer);
    waited.value = false;
    if (running) timer = setTimeout(() => (waited.value = true), patience);
  });
  onFrame(() => {
    const template = message(inspector, waited.value);
    const hasRun = inspector.run.value !== undefined;
    root.classList.toggle("has-run", hasRun);
    render(hasRun ? template : nothing, bar);
    render(hasRun ? nothing : (template ?? nothing), page);
    bar.hidden = !hasRun || template === nothing;
    page.hidden = hasRun;
  });
}

/** How far a stage is that knows it. */
function share(fraction: number | undefined): string {
  return fraction ? ` ${Math.round(fraction * 100)} %` : "";
}

function message(inspector: Inspector, waited: boolean) {
  const content = inspector.content.value;
  // The host reports its own failures.
  const runAgain = () => void inspector.host.remote.runAgain().catch(() => undefined);
  const cancel = () => void inspector.host.remote.cancel().catch(() => undefined);
  switch (content.status) {
    case "empty":
      return html`<div class="message">
        <span class="codicon codicon-eye" aria-hidden="true"></span>
        <p>${t("Select text in an editor and run “Headlight: Inspect Attention”.")}</p>
        <p class="hint">${t("With nothing selected, the paragraph at the cursor is inspected.")}</p>
      </div>`;
    case "running":
      return waited
        ? html`<div class="message" role="status">
            <span class="codicon codicon-loading spin" aria-hidden="true"></span>
            <p>${t(content.stage ?? "Inspecting")}${share(content.fraction)} …</p>
            ${textButton(t("Cancel"), cancel, "secondary")}
          </div>`
        : nothing;
    case "failed":
      return html`<div class="message failed" role="alert">
        <span class="codicon codicon-error" aria-hidden="true"></span>
        <p>${content.error.message}</p>
        ${content.canRunAgain ? textButton(t("Run again"), runAgain) : nothing}
      </div>`;
    case "shown":
      return content.stale
        ? html`<div class="message stale" role="status">
            <span class="codicon codicon-history" aria-hidden="true"></span>
            <p>${t("The text has changed since this inspection.")}</p>
            ${textButton(t("Run again"), runAgain, "secondary")}
          </div>`
        : nothing;
  }
}
