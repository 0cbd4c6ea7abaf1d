import { tokensOf, type BlockOfRun, type HeadChoice, type RunSummary } from "../core/run";
import { hasSpan, type CharOffset, type Token } from "../core/token";
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
  /** Absent where the block's queries are not the source text: [keys]. */
  readonly row?: { readonly chosen: Float32Array; readonly mean: Float32Array };
  /** Absent where the block's keys are not the source text: [queries]. */
  readonly column?: { readonly chosen: Float32Array; readonly mean: Float32Array };
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
  if (facts.predictions.length > 0) paragraphs.push(predictionLine(facts, t));
  const { queries, keys } = facts.block;
  if (facts.row) {
    paragraphs.push(table(t("attends to"), N_KEYS, tokensOf(facts.run, keys), facts.choice, facts.row, t));
  }
  if (facts.column) {
    const tokens = tokensOf(facts.run, queries);
    paragraphs.push(table(t("attended by"), N_QUERIES, tokens, facts.choice, facts.column, t));
  }
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
  return `**${markdownText(visibleToken(token.text))}** · ${markdownText(facts.join(" · "))}`;
}

function linkLine({ choice, index }: HoverFacts, links: HoverLinks, t: Translate): string {
  const openHead = markdownText(t("Open {0}", choiceName(choice)));
  const makeQuery = markdownText(t("Make this token the query"));
  return `[${openHead}](${links.openHead(choice, index)}) · [${makeQuery}](${links.makeQuery(index)})`;
}

function table(
  title: string,
  count: number,
  tokens: readonly Token[],
  choice: HeadChoice,
  weights: { chosen: Float32Array; mean: Float32Array },
  t: Translate,
): string {
  const byChosen = strongest(weights.chosen, count);
  const byMean = strongest(weights.mean, count);
  const name = (index: number | undefined) =>
    index === undefined ? "" : `${markdownText(visibleToken(tokens[index]?.text ?? "?"))} (${index})`;
  const weight = (values: Float32Array, index: number | undefined) =>
    index === undefined ? "" : `${number(values[index]!)} ${weightBar(values[index]!)}`;
  const lines = [
    `| ${markdownText(title)} | ${markdownText(choiceName(choice))} | ${markdownText(t("mean of all heads"))} | |`,
    "|:--|:--|:--|:--|",
  ];
  for (let rank = 0; rank < Math.max(byChosen.length, byMean.length); rank++) {
    const [chosen, mean] = [byChosen[rank], byMean[rank]];
    lines.push(
      `| ${name(chosen)} | ${weight(weights.chosen, chosen)} | ${name(mean)} | ${weight(weights.mean, mean)} |`,
    );
  }
  return lines.join("\n");
}

function predictionLine({ run, predictions }: HoverFacts, t: Translate): string {
  const title = run.model.kind === "causal" ? t("next") : t("here");
  const guesses = predictions
    .slice(0, N_PREDICTIONS)
    .map(({ text, probability }) => `**${markdownText(visibleToken(text))}** ${number(probability)}`);
  return `${markdownText(title)}: ${guesses.join(" · ")}`;
}

function number(weight: number): string {
  return weightText(weight).replace("<", "&lt;");
}
