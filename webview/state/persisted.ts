import { fitMeasure, parseShownMeasure } from "../../src/core/measures/measure";
import { plainLayout, type TokenLayout } from "../../src/core/tokenLayout";
import { findBlock, firstBlock, type BlockKind, type HeadChoice, type RunSummary } from "../../src/core/run";
import { tokensOf } from "../../src/core/run";
import {
  viewNames,
  type DocumentRange,
  type InspectorSelection,
  type InspectorState,
  type ViewName,
} from "../../src/protocol/viewContract";

/** How the page is arranged, whatever it looks at. */
export interface Arrangement {
  readonly squareRoot: boolean;
  /** "place", or the statistic by which heads are ordered, largest first. */
  readonly order: string;
  /** Heads whose statistic is below stand back; 0..1 of the range of the statistic. */
  readonly atLeast: number;
  readonly form: "matrix" | "lines" | "both";
  /** Which tokens a head shows, and in what order. */
  readonly tokens: TokenLayout;
  /** What stands at the right of the rows. */
  readonly rowBars: "entropy" | "sum";
  /** Views whose explanation is open. */
  readonly explained: readonly ViewName[];
}

export const plainArrangement: Arrangement = {
  squareRoot: true,
  order: "place",
  atLeast: 0,
  form: "matrix",
  tokens: plainLayout,
  rowBars: "entropy",
  explained: [],
};

const blocks: readonly BlockKind[] = ["encoder", "decoder", "cross"];

/** What a page keeps for a reloaded window. */
export function persistedState(
  run: RunSummary,
  document: DocumentRange | undefined,
  selection: InspectorSelection,
  arrangement: Arrangement,
): InspectorState {
  const { text, targetText, model, generated } = run;
  const continueBy = generated?.side === "source" ? generated.nAsked : undefined;
  return {
    version: 1,
    request: {
      modelId: model.id,
      text,
      ...(targetText !== undefined && { targetText }),
      ...(continueBy !== undefined && { continueBy }),
      ...(run.windows && { inWindows: true }),
      document,
    },
    selection,
    arrangement,
  };
}

/** The parts of an earlier page's state that this version understands; anything else is left out. */
export function parsePersisted(state: unknown): { selection?: InspectorSelection; arrangement: Arrangement } {
  const { version, selection, arrangement } = objectOf(state);
  if (version !== 1) return { arrangement: plainArrangement };
  return { selection: parseSelection(selection), arrangement: parseArrangement(arrangement) };
}

export function parseSelection(value: unknown): InspectorSelection | undefined {
  const { view, choice, measure, query, queries } = objectOf(value);
  const { block, layer, head } = objectOf(choice);
  const isLayer = layer === "all" || isIndex(layer);
  const isHead = head === "mean" || head === "max" || isIndex(head);
  if (!viewNames.includes(view as ViewName) || !blocks.includes(block as BlockKind) || !isLayer || !isHead) {
    return undefined;
  }
  return {
    view: view as ViewName,
    choice: { block: block as BlockKind, layer, head },
    measure: parseShownMeasure(measure) ?? "weights",
    ...(isIndex(query) && { query }),
    ...(Array.isArray(queries) && queries.every(isIndex) && { queries }),
  };
}

/** The selection moved to what the run has: its blocks, layers, heads and tokens. */
export function fitSelection(run: RunSummary, wanted: InspectorSelection | undefined): InspectorSelection {
  const block = (wanted && findBlock(run, wanted.choice.block)) ?? firstBlock(run);
  const { layer = 0, head = 0 } = wanted?.choice ?? {};
  const found =
    block?.layers.find((entry) => entry.layer === layer) ??
    block?.layers[layer === "all" ? 0 : block.layers.length - 1];
  const choice: HeadChoice = {
    block: block?.kind ?? "decoder",
    layer: layer === "all" ? "all" : (found?.layer ?? 0),
    head: layer === "all" && typeof head === "number" ? "mean" : fitHead(head, found?.nHeads ?? 1),
  };
  const measure = fitMeasure(block, choice.layer, wanted?.measure ?? "weights");
  const nQueries = block ? tokensOf(run, block.queries).length : 0;
  const query = wanted?.query !== undefined && wanted.query < nQueries ? wanted.query : undefined;
  const queries = wanted?.queries?.filter((index) => index < nQueries) ?? [];
  return {
    view: wanted?.view ?? "heads",
    choice,
    measure,
    ...(query !== undefined && { query }),
    ...(query !== undefined && queries.length > 1 && { queries }),
  };
}

function parseArrangement(value: unknown): Arrangement {
  const { squareRoot, order, atLeast, form, tokens, rowBars, explained } = objectOf(value);
  return {
    squareRoot: typeof squareRoot === "boolean" ? squareRoot : plainArrangement.squareRoot,
    order: typeof order === "string" ? order : plainArrangement.order,
    atLeast: typeof atLeast === "number" && atLeast >= 0 && atLeast <= 1 ? atLeast : 0,
    form: form === "lines" || form === "both" ? form : "matrix",
    tokens: parseLayout(tokens),
    rowBars: rowBars === "sum" ? rowBars : "entropy",
    explained: Array.isArray(explained) ? viewNames.filter((view) => explained.includes(view)) : [],
  };
}

function parseLayout(value: unknown): TokenLayout {
  const { hidesSpecial, byWord, order, filter, filters } = objectOf(value);
  return {
    hidesSpecial: hidesSpecial === true,
    byWord: byWord === true,
    order: order === "received" ? order : "place",
    filter: typeof filter === "string" ? filter : "",
    filters: filters === "keys" || filters === "both" ? filters : "queries",
  };
}

function fitHead(head: HeadChoice["head"], nHeads: number): HeadChoice["head"] {
  return typeof head === "number" ? Math.min(head, nHeads - 1) : head;
}

function isIndex(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
