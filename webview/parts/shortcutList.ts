import { html, render } from "lit-html";
import type { PageCommand } from "../../src/protocol/viewContract";
import { iconButton } from "../controls";
import { shortcuts } from "../keyboard";

/** The list of keys, over the page. */
export function createShortcutList(
  dialog: HTMLDialogElement,
  isThere: (command: PageCommand) => boolean,
): { toggle(): void } {
  const listed = shortcuts.filter(({ command }) => !command || isThere(command));
  render(
    html`<div class="shortcuts-head">
        <h2>Keys</h2>
        ${iconButton("close", "Close", () => dialog.close())}
      </div>
      <dl>
        ${listed.map(
          ({ keys, label }) =>
            html`<div>
              <dt>${keys.map((key) => html`<kbd>${key}</kbd> `)}</dt>
              <dd>${label}</dd>
            </div>`,
        )}
      </dl>`,
    dialog,
  );
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.key !== "?") return;
    event.preventDefault();
    dialog.close();
  });
  return { toggle: () => (dialog.open ? dialog.close() : dialog.showModal()) };
}
