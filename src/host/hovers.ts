import * as vscode from "vscode";
import { isCancelled } from "../core/errors";
import { lineMeasure } from "../core/measures/flowCost";
import { findBlock, type HeadChoice } from "../core/run";
import type { Prediction } from "../protocol/slices";
import { hoverContent, staleHover, tokensAt, type HoverFacts, type HoverLinks } from "./hoverContent";
import type { ShownState } from "./inspection";
import type { Session } from "./session";
import { hoversEnabled } from "./settings";
import { rangeOf } from "./editorText";

/** Heads named for which a token matters most. */
const N_HEADS = 3;

/** What a link in a hover may run: these commands and no other. */
const linkCommands = ["headlight.openHead", "headlight.makeQuery", "headlight.runAgain"];

const links: HoverLinks = {
  openHead: (choice, query) => link("headlight.openHead", { choice, query }),
  makeQuery: (query) => link("headlight.makeQuery", { query }),
  runAgain: () => link("headlight.runAgain"),
};

/** Hovers on the tokens of inspected text, in any document. */
export class TokenHovers implements vscode.HoverProvider {
  constructor(
    private readonly sessions: () => readonly Session[],
    private readonly failed: (error: unknown) => void,
  ) {}

  async provideHover(
    document: vscode.TextDocument,
    position: vscode.Position,
    cancellation: vscode.CancellationToken,
  ): Promise<vscode.Hover | undefined> {
    if (!hoversEnabled()) return undefined;
    const offset = document.offsetAt(position);
    const session = this.sessions().find((each) => isInside(each.inspection.shown, document, offset));
    const shown = session?.inspection.shown;
    const place = shown?.request.document;
    if (!session || !shown || !place) return undefined;
    if (shown.stale)
      return new vscode.Hover(trusted(staleHover(links, vscode.l10n.t)), rangeOf(document, place));
    const index = tokensAt(shown.run.tokens, offset - place.start)[0];
    const token = index === undefined ? undefined : shown.run.tokens[index];
    if (index === undefined || !token) return undefined;
    try {
      const facts = await readFacts(session, shown, index);
      if (!facts || cancellation.isCancellationRequested || session.inspection.shown !== shown)
        return undefined;
      const range = rangeOf(document, { start: place.start + token.start, end: place.start + token.end });
      return new vscode.Hover(trusted(hoverContent(facts, links, vscode.l10n.t)), range);
    } catch (error) {
      if (!isCancelled(error)) this.failed(error);
      return undefined;
    }
  }
}

/** What a hover on a token needs; undefined where the block has no weights. */
export async function readFacts(
  session: Session,
  { run }: ShownState,
  index: number,
): Promise<HoverFacts | undefined> {
  const { selection } = session;
  const block = selection && findBlock(run, selection.choice.block);
  if (!selection || !block) return undefined;
  const mean: HeadChoice = { block: block.kind, layer: "all", head: "mean" };
  const measure = lineMeasure(block, selection.measure);
  const read = async (axis: "query" | "key") => {
    const choices = [selection.choice, mean];
    const [chosen, ofAll] = await session.rows.vectors({
      runId: run.runId,
      choices,
      measure,
      axis,
      index,
    });
    return chosen && ofAll && { chosen, mean: ofAll };
  };
  const [row, column, heads, predictions] = await Promise.all([
    block.queries === "source" ? read("query") : undefined,
    block.keys === "source" ? read("key") : undefined,
    block.keys === "source"
      ? session.inspection.read("keyHeads", {
          runId: run.runId,
          block: block.kind,
          key: index,
          count: N_HEADS,
        })
      : [],
    readPredictions(session, run.runId, run.hasPredictions && !run.targetTokens ? index : undefined),
  ]);
  return { run, block, index, choice: selection.choice, measure, row, column, heads, predictions };
}

async function readPredictions(
  session: Session,
  runId: string,
  position?: number,
): Promise<readonly Prediction[]> {
  if (position === undefined) return [];
  return session.inspection.read("predictions", { runId, position, count: 3 });
}

function isInside(shown: ShownState | undefined, document: vscode.TextDocument, offset: number): boolean {
  const place = shown?.request.document;
  return place?.uri === document.uri.toString() && place.start <= offset && offset <= place.end;
}

function trusted(markdown: string): vscode.MarkdownString {
  const content = new vscode.MarkdownString(markdown);
  content.isTrusted = { enabledCommands: linkCommands };
  return content;
}

function link(command: string, argument?: object): string {
  const query = argument ? `?${encodeURIComponent(JSON.stringify([argument]))}` : "";
  return `command:${command}${query}`;
}
