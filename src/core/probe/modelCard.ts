import { statisticMeanings, type StatisticName } from "../statistics";
import { bestHeads, type ProbeReport } from "./probe";

/** What a card knows of a model besides what the probe found. */
export interface KnownCard {
  readonly objective?: string;
  readonly licence?: string;
  readonly headsOfNote: readonly {
    readonly block?: string;
    readonly layer: number;
    readonly head: number;
    readonly behaviour: string;
    readonly score?: number;
  }[];
}

/** A model and what its heads do, as Markdown: the best head of each behaviour with its figure, then every head. */
export function modelCard(report: ProbeReport, card: KnownCard | undefined): string {
  const { model, inputs, heads, durationMs } = report;
  const kinds = new Set(heads.map(({ address }) => address.block)).size > 1;
  const name = ({ block, layer, head }: { block: string; layer: number; head: number }) =>
    `${kinds ? `${block} ` : ""}L${layer}\u00a0H${head}`;
  const facts = [
    model.kind,
    `${model.nLayers} layers x ${model.nHeads} heads`,
    model.context && `reads ${model.context} tokens`,
    model.vocab && `${model.vocab.toLocaleString("en")} entries in its vocabulary`,
    card?.objective && `trained on ${card.objective}`,
    card?.licence && `licence ${card.licence}`,
  ].filter(Boolean);
  const best = bestHeads(report);
  const none = best.filter((one) => !isShown(one));
  const used = (["random", "code", "prose"] as const).flatMap((kind) => {
    const of = inputs.filter((input) => input.kind === kind);
    const nTokens = of.reduce((sum, input) => sum + input.nTokens, 0);
    return of.length > 0 ? [`${inputWords[kind]} (${of.length} of ${nTokens} tokens in all)`] : [];
  });
  return [
    `# ${escape(model.name)}`,
    "",
    `${facts.join(" · ")}.`,
    "",
    "## Best head of each behaviour",
    "",
    "Mean share of attention over the probe's inputs, 0 to 1.",
    "",
    "| behaviour | head | share | what is measured |",
    "|:--|:--|--:|:--|",
    ...best
      .filter(isShown)
      .map(
        ({ name: what, address, value }) =>
          `| ${label(what)} | ${name(address)} | ${value.toFixed(3)} | ${meaning(what)} |`,
      ),
    "",
    ...(none.length > 0
      ? [`No head has a tenth of its attention on: ${none.map((one) => label(one.name)).join(", ")}.`, ""]
      : []),
    ...knownHeads(card, name),
    "## All heads",
    "",
    `| head | ${best.map(({ name: what }) => label(what)).join(" | ")} |`,
    `|:--|${best.map(() => "--:|").join("")}`,
    ...heads.map(
      ({ address, values }) =>
        `| ${name(address)} | ${best.map(({ name: what }) => figure(values[what])).join(" | ")} |`,
    ),
    "",
    `Probed in ${(durationMs / 1000).toFixed(1)} s on ${used.join(", ")}. Induction is measured as by Olsson et al. (2022).`,
    "",
  ].join("\n");
}

/** Below a tenth nobody would say that a head does it. */
function isShown({ value }: { readonly value: number }): boolean {
  return value >= 0.1;
}

function knownHeads(card: KnownCard | undefined, name: (of: never) => string): string[] {
  if (!card?.headsOfNote.length) return [];
  return [
    "## Heads of note, as its makers measured them",
    "",
    "| behaviour | head | share |",
    "|:--|:--|--:|",
    ...card.headsOfNote.map(
      (one) => `| ${escape(one.behaviour)} | ${name(one as never)} | ${figure(one.score)} |`,
    ),
    "",
  ];
}

const inputWords = {
  random: "random tokens said twice",
  code: "code",
  prose: "prose",
} as const;

function figure(value: number | undefined): string {
  return value === undefined ? "" : value.toFixed(3);
}

function meaning(name: string): string {
  return statisticMeanings[name as StatisticName] ?? "";
}

/** "previousToken" as "previous token". */
function label(name: string): string {
  return name.replaceAll(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
}

function escape(text: string): string {
  return text.replaceAll(/[|\\`*_<>[\]]/g, "\\$&");
}
