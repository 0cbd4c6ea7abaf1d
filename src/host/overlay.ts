import * as vscode from "vscode";
import { isCancelled } from "../core/errors";
import { lineMeasure } from "../core/measures/flowCost";
import { findBlock, type HeadChoice } from "../core/run";
import { rangeOf } from "./editorText";
import { hasSpan } from "../core/token";
import type { ShownState } from "./inspection";
import { boundarySpans, N_SHADES, shadedSpans, type Span } from "./overlayPlan";
import type { Session } from "./session";
import type { OverlaySettings } from "./settings";

/**
 * What is drawn into the source text: token boundaries, the query's outline, the keys shaded by weight. Only the
 * inspected range of visible editors is touched; where the text is stale nothing is drawn, because a shade on
 * another word would be a lie.
 */
export class Overlay implements vscode.Disposable {
  readonly #outline = vscode.window.createTextEditorDecorationType({
    border: "1px solid",
    borderColor: new vscode.ThemeColor("headlight.queryBorder"),
    overviewRulerColor: new vscode.ThemeColor("headlight.queryBorder"),
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
  });
  /** Two in turn: the editor draws neighbouring ranges of one type as one, without the border between them. */
  readonly #boundaries = [0, 1].map(() =>
    vscode.window.createTextEditorDecorationType({
      borderStyle: "solid",
      borderWidth: "0 0 0 1px",
      borderColor: new vscode.ThemeColor("headlight.tokenBoundary"),
      rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
    }),
  );
  readonly #shades = Array.from({ length: N_SHADES }, (_, index) =>
    vscode.window.createTextEditorDecorationType({
      backgroundColor: new vscode.ThemeColor(`headlight.weight${index + 1}`),
      rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
    }),
  );
  /** What each editor has now, so that only what changed is set. */
  readonly #drawn = new WeakMap<vscode.TextEditor, Map<vscode.TextEditorDecorationType, string>>();
  #drawing = 0;

  constructor(private readonly failed: (error: unknown) => void) {}

  /** Draws for the session, or takes everything away. A later call overtakes an earlier one. */
  async show(session: Session | undefined, settings: OverlaySettings): Promise<void> {
    const drawing = ++this.#drawing;
    const shown = session?.inspection.shown;
    const query = session?.selection?.query;
    const place = shown?.request.document;
    if (!session || !shown || !place || shown.stale) return this.#clear();
    try {
      const weights =
        settings.enabled && query !== undefined && (await readWeights(session, shown, query, settings));
      if (drawing !== this.#drawing) return;
      const { tokens } = shown.run;
      const shades = weights ? shadedSpans(tokens, weights) : undefined;
      const token = query === undefined ? undefined : tokens[query];
      for (const editor of vscode.window.visibleTextEditors) {
        if (editor.document.uri.toString() !== place.uri) continue;
        const draw = (type: vscode.TextEditorDecorationType, spans: readonly Span[]) =>
          this.#draw(editor, type, place.start, spans);
        draw(this.#outline, token && hasSpan(token) ? [token] : []);
        const boundaries = settings.boundaries ? boundarySpans(tokens) : [];
        this.#boundaries.forEach((type, turn) =>
          draw(
            type,
            boundaries.filter((_, index) => index % 2 === turn),
          ),
        );
        this.#shades.forEach((type, index) => draw(type, shades?.[index] ?? []));
      }
    } catch (error) {
      if (!isCancelled(error)) this.failed(error);
    }
  }

  dispose(): void {
    for (const type of this.#types()) type.dispose();
  }

  #types(): vscode.TextEditorDecorationType[] {
    return [this.#outline, ...this.#boundaries, ...this.#shades];
  }

  #draw(
    editor: vscode.TextEditor,
    type: vscode.TextEditorDecorationType,
    offset: number,
    spans: readonly Span[],
  ) {
    const drawn = this.#drawn.get(editor) ?? new Map<vscode.TextEditorDecorationType, string>();
    this.#drawn.set(editor, drawn);
    const key = spans.map(({ start, end }) => `${offset + start},${offset + end}`).join(" ");
    if ((drawn.get(type) ?? "") === key) return;
    drawn.set(type, key);
    const ranges = spans.map(({ start, end }) =>
      rangeOf(editor.document, { start: offset + start, end: offset + end }),
    );
    editor.setDecorations(type, ranges);
  }

  #clear(): void {
    for (const editor of vscode.window.visibleTextEditors) {
      if (!this.#drawn.has(editor)) continue;
      for (const type of this.#types()) this.#draw(editor, type, 0, []);
    }
  }
}

/** Weights for the query over the source text, or for the key over its queries; undefined where the block has no such side. */
async function readWeights(
  session: Session,
  { run }: ShownState,
  index: number,
  { weights, direction }: OverlaySettings,
): Promise<Float32Array | undefined> {
  const { selection } = session;
  const block = selection && findBlock(run, selection.choice.block);
  if (!selection || block?.queries !== "source" || block.keys !== "source") return undefined;
  const choice = choiceFor(selection.choice, weights);
  const measure = lineMeasure(block, selection.measure);
  const axis = direction === "keys" ? "query" : "key";
  const [vector] = await session.rows.vectors({
    runId: run.runId,
    choices: [choice],
    measure,
    axis,
    index,
  });
  // Weights are shaded as they are; of any other measure the strongest token has the darkest shade.
  if (!vector || measure === "weights") return vector;
  const largest = Math.max(...vector);
  return largest > 0 ? vector.map((value) => value / largest) : vector;
}

function choiceFor(choice: HeadChoice, weights: OverlaySettings["weights"]): HeadChoice {
  if (weights === "mean") return { block: choice.block, layer: "all", head: "mean" };
  return weights === "layer" ? { ...choice, head: "mean" } : choice;
}
