import * as vscode from "vscode";
import { caretToken } from "./caret";
import { Debounce, FollowCost, followStep } from "./follow";
import type { Inspector } from "./inspect";
import type { Inspectors } from "./inspectors";
import { selectedOf } from "./editorText";

/** Long enough for a word to be typed, short enough to feel like following. */
const DELAY_MS = 250;

/** Inspects anew as selection or text changes; off until it is turned on. Failures go to the log and the panel only. */
export class FollowMode implements vscode.Disposable {
  #on: { subscription: vscode.Disposable; cost: FollowCost } | undefined;
  readonly #debounce = new Debounce(DELAY_MS, () => void this.#step());

  constructor(
    private readonly inspector: Inspector,
    private readonly inspectors: Inspectors,
    private readonly changed: () => void,
  ) {}

  /** Undefined while it is off. */
  get cost(): FollowCost | undefined {
    return this.#on?.cost;
  }

  toggle(): void {
    if (this.#on) {
      this.dispose();
    } else {
      const subscription = vscode.Disposable.from(
        vscode.window.onDidChangeTextEditorSelection(() => this.#debounce.trigger()),
        vscode.window.onDidChangeActiveTextEditor(() => this.#debounce.trigger()),
        vscode.workspace.onDidChangeTextDocument(({ document }) => {
          if (document === vscode.window.activeTextEditor?.document) this.#debounce.trigger();
        }),
      );
      this.#on = { subscription, cost: new FollowCost() };
      this.#debounce.trigger();
    }
    this.changed();
  }

  dispose(): void {
    this.#debounce.cancel();
    this.#on?.subscription.dispose();
    this.#on = undefined;
  }

  async #step(): Promise<void> {
    const { cost } = this;
    const editor = vscode.window.activeTextEditor;
    if (!cost || !editor) return;
    const state = this.inspectors.active?.session.state;
    const request = state && state.status !== "empty" ? state.request : undefined;
    const step = followStep({
      uri: editor.document.uri.toString(),
      selection: selectedOf(editor.document, editor.selection),
      ...(request?.document && {
        inspected: { ...request.document, stale: state?.status !== "empty" && !!state?.stale },
      }),
    });
    if (step === "nothing") return;
    const { run } = await (step === "again"
      ? this.inspector.runAgain(undefined, "quiet")
      : this.inspector.inspect(undefined, "quiet"));
    if (run) cost.add(run.durations.totalMs);
    this.#queryAtCaret();
    this.changed();
  }

  /** The token at the caret stays the query although the tokens before it are others now. */
  #queryAtCaret(): void {
    const session = this.inspectors.active?.session;
    const editor = vscode.window.activeTextEditor;
    const query = editor && caretToken(session?.inspection.shown, editor.document, editor.selections);
    if (query !== undefined) session?.selectQuery(query);
  }
}
