import { isPerLayer, measureWords, type ShownMeasure } from "../core/measures/measure";
import { tokensOf, type BlockOfRun, type HeadChoice, type RunSummary } from "../core/run";
import { hasSpan, type CharOffset, type Token } from "../core/token";
import type { KeyHead } from "../protocol/comparison";
import type { Prediction } from "../protocol/slices";
import { choiceName } from "./headSelection";
import { markdownText, visibleToken } from "./markdownText";
import type { Translate } from "./translate";
import { weightBar, weightText } from "./weightText";

/** What a hover on one token of the source text tells, as fetched from the run. */
export interface HoverFacts {
  readonly run: RunSummary;
  readonly block: BlockOfRun;
  readonly index: number;
  readonly choice: HeadChoice;
  /** What the numbers of the choice and of the mean are. */
  readonly measure: ShownMeasure;
  /** Absent where the block's queries are not the source text: [keys]. */
  readonly row?: { readonly chosen: Float32Array; readonly mean: Float32Array };
  /** Absent where the block's keys are not the source text: [queries]. */
  readonly column?: { readonly chosen: Float32Array; readonly mean: Float32Array };
  /** The heads for which this token matters most as a key, largest mean weight first. */
  readonly heads: readonly KeyHead[];
  readonly predictions: readonly Prediction[];
}

/** Command links in a hover; each takes one argument. */
export interface HoverLinks {
  openHead(choice: HeadChoice, query: number): string;
  makeQuery(index: number): string;
  runAgain(): string;
}

const N_KEYS = 5;
const N_QUERIES = 3;
const N_PREDICTIONS = 3;

/** Markdown without HTML. Everything that comes from the text or the model is escaped. */
export function hoverContent(facts: HoverFacts, links: HoverLinks, t: Translate): string {
  const token = facts.run.tokens[facts.index];
  if (!token) return "";
  const paragraphs = [`${heading(token, facts.index, t)}  \n${linkLine(facts, links, t)}`];
  if (facts.heads.length > 0) paragraphs.push(headsLine(facts, links, t));
  if (facts.predictions.length > 0) paragraphs.push(predictionLine(facts, t));
  const { queries, keys } = facts.block;
  const parts: string[][] = [];
  if (facts.row) parts.push(tableRows(N_KEYS, tokensOf(facts.run, keys), facts.row, facts.measure));
  if (facts.column) {
    const title = parts.length > 0 ? [`| ${bold(t("attended by"))} | | | |`] : [];
    parts.push([
      ...title,
      ...tableRows(N_QUERIES, tokensOf(facts.run, queries), facts.column, facts.measure),
    ]);
  }
  if (parts.length > 0) paragraphs.push([...tableHead(facts, t), ...parts.flat()].join("\n"));
  return paragraphs.join("\n\n");
}

/** What a hover says where the text has changed since: no number that could belong to another token. */
export function staleHover(links: HoverLinks, t: Translate): string {
  const sentence = t("The text has changed since this inspection, so its weights are not shown here.");
  return `${markdownText(sentence)} [${markdownText(t("Run again"))}](${links.runAgain()})`;
}

/** The tokens at a place of the text that was tokenised; several where one character was split. */
export function tokensAt(tokens: readonly Token[], offset: CharOffset): number[] {
  const found: number[] = [];
  tokens.forEach((token, index) => {
    if (hasSpan(token) && token.start <= offset && offset < token.end) found.push(index);
  });
  return found;
}

/** Indices of the largest values, largest first; zeros (masked places) are left out. */
export function strongest(values: Float32Array, count: number): number[] {
  const indices = Array.from(values.keys()).filter((index) => values[index]! > 0);
  return indices.sort((a, b) => values[b]! - values[a]!).slice(0, count);
}

function heading(token: Token, index: number, t: Translate): string {
  const facts = [t("token {0}", index), t("id {0}", token.id)];
  if (token.special) facts.push(t("special"));
  return `${bold(visibleToken(token.text))} · ${markdownText(facts.join(" · "))}`;
}

function linkLine({ choice, index, measure }: HoverFacts, links: HoverLinks, t: Translate): string {
  const openHead = markdownText(t("Open {0}", choiceName(choice, measure)));
  const makeQuery = markdownText(t("Make this token the query"));
  return `[${openHead}](${links.openHead(choice, index)}) · [${makeQuery}](${links.makeQuery(index)})`;
}

function headsLine({ heads, index }: HoverFacts, links: HoverLinks, t: Translate): string {
  const named = heads.map(({ address, weight }) => {
    const link = links.openHead(address, index);
    return `[${markdownText(choiceName(address))}](${link}) ${number(weight)}`;
  });
  return `${markdownText(t("matters most to"))}: ${named.join(" · ")}`;
}

function tableHead({ choice, row, measure }: HoverFacts, t: Translate): string[] {
  const name = choiceName(choice, measure);
  const title = row ? t("{0} attends to", name) : t("{0} attended by", name);
  const mean = isPerLayer(measure) ? t("all layers") : t("mean of all heads");
  // Weights are what a hover shows by itself; any other number is named.
  const one = measure === "weights" ? "" : markdownText(measureWords[measure].one);
  return [`| ${markdownText(title)} | ${one} | ${markdownText(mean)} | ${one} |`, "|:--|:--|:--|:--|"];
}

function tableRows(
  count: number,
  tokens: readonly Token[],
  weights: { chosen: Float32Array; mean: Float32Array },
  measure: ShownMeasure,
): string[] {
  const byChosen = strongest(weights.chosen, count);
  const byMean = strongest(weights.mean, count);
  const cells = (values: Float32Array, index: number | undefined) => {
    if (index === undefined) return ["", ""];
    const name = `${markdownText(visibleToken(tokens[index]?.text ?? "?"))} (${index})`;
    const largest = measure === "weights" ? 1 : Math.max(...values);
    return [name, `${number(values[index]!)} ${weightBar(values[index]! / largest)}`];
  };
  return Array.from({ length: Math.max(byChosen.length, byMean.length) }, (_, rank) => {
    const row = [...cells(weights.chosen, byChosen[rank]), ...cells(weights.mean, byMean[rank])];
    return `| ${row.join(" | ")} |`;
  });
}

function predictionLine({ run, predictions }: HoverFacts, t: Translate): string {
  const title = run.model.kind === "causal" ? t("next") : t("here");
  const guesses = predictions
    .slice(0, N_PREDICTIONS)
    .map(({ text, probability }) => `${bold(visibleToken(text))} ${number(probability)}`);
  return `${markdownText(title)}: ${guesses.join(" · ")}`;
}

function number(weight: number): string {
  return weightText(weight).replace("<", "&lt;");
}

function bold(text: string): string {
  return `**${markdownText(text)}**`;
}
