import type { PageCommand } from "../src/protocol/viewContract";

/** A key of the page, its command, and what the list of keys says. */
export interface Shortcut {
  readonly keys: readonly string[];
  readonly command?: PageCommand;
  readonly label: string;
}

/** In the order of the list. Keys without a command belong to whatever has the focus. */
export const shortcuts: readonly Shortcut[] = [
  { keys: ["←", "→", "↑", "↓"], label: "Walk cells, heads or tokens" },
  { keys: ["Enter"], label: "Choose: open the head, pin the query" },
  { keys: ["Escape"], command: "freeQuery", label: "Free the pinned query" },
  { keys: ["["], command: "previousLayer", label: "Previous layer" },
  { keys: ["]"], command: "nextLayer", label: "Next layer" },
  { keys: [","], command: "previousHead", label: "Previous head" },
  { keys: ["."], command: "nextHead", label: "Next head" },
  { keys: ["1"], command: "showHeads", label: "All heads" },
  { keys: ["2"], command: "showHead", label: "One head" },
  { keys: ["3"], command: "showSteps", label: "Steps" },
  { keys: ["4"], command: "showMask", label: "Mask" },
  { keys: ["5"], command: "showPositions", label: "Positions" },
  { keys: ["6"], command: "showScoring", label: "Scoring" },
  { keys: ["7"], command: "showGenerate", label: "Generation" },
  { keys: ["8"], command: "showEncoderDecoder", label: "Encoder-decoder" },
  { keys: ["q"], command: "makeKeyTheQuery", label: "Make the column's token the query" },
  { keys: ["m"], command: "toggleMeasure", label: "Next measure: weights, scores, …" },
  { keys: ["r"], command: "toggleScale", label: "Square-root or linear scale" },
  { keys: ["+", "="], command: "zoomIn", label: "Zoom in" },
  { keys: ["-"], command: "zoomOut", label: "Zoom out" },
  { keys: ["0"], command: "zoomReset", label: "Show everything" },
  { keys: ["?"], command: "showShortcuts", label: "This list" },
];

/** Calls `run` for keys that are not meant for a field, a list or an open dialog. */
export function listenToKeys(run: (command: PageCommand) => void): void {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target as Element | null;
    if (
      target?.closest("input:not([type=range]), textarea, select, vscode-dropdown[open], dialog, [role=menu]")
    )
      return;
    const command = shortcuts.find(({ keys, command }) => command && keys.includes(event.key))?.command;
    if (!command) return;
    event.preventDefault();
    run(command);
  });
}
