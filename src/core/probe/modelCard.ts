import { crossingMeanings, type CrossingName } from "./crossing";
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

type Translate = (message: string, ...args: (string | number)[]) => string;

/**
 * A model and what its heads do, as Markdown: the best head of each behaviour with its figure, then every head; and
 * what was not probed. `t` translates.
 */
export function modelCard(report: ProbeReport, card: KnownCard | undefined, t: Translate): string {
  const { model, inputs, heads, durationMs } = report;
  const kinds = new Set(heads.map(({ address }) => address.block)).size > 1;
  const name = ({ block, layer, head }: { block: string; layer: number; head: number }) =>
    `${kinds ? `${t(block)} ` : ""}L${layer}\u00a0H${head}`;
  const facts = [
    t(model.kind),
    t("{0} layers x {1} heads", model.nLayers, model.nHeads),
    model.context && t("reads {0} tokens", model.context),
    model.vocab && t("{0} entries in its vocabulary", model.vocab.toLocaleString("en")),
    card?.objective && t("trained on {0}", card.objective),
    card?.licence && t("licence {0}", card.licence),
  ].filter(Boolean);
  const best = bestHeads(report);
  const none = best.filter((one) => !isShown(one));
  const used = (["random", "code", "prose", "pairs"] as const).flatMap((kind) => {
    const of = inputs.filter((input) => input.kind === kind);
    const nTokens = of.reduce((sum, input) => sum + input.nTokens, 0);
    return of.length > 0 ? [inputWords(kind, of.length, nTokens, t)] : [];
  });
  return [
    `# ${escape(model.name)}`,
    "",
    `${facts.join(" · ")}.`,
    "",
    `## ${t("Best head of each behaviour")}`,
    "",
    t("Mean share of attention over the probe's inputs, 0 to 1; monotonic: a correlation, -1 to 1."),
    "",
    `| ${t("behaviour")} | ${t("head")} | ${t("figure")} | ${t("what is measured")} |`,
    "|:--|:--|--:|:--|",
    ...best
      .filter(isShown)
      .map(
        ({ name: what, address, value }) =>
          `| ${t(label(what))} | ${name(address)} | ${value.toFixed(3)} | ${t(meaning(what))} |`,
      ),
    "",
    ...(none.length > 0
      ? [
          t(
            "No head has a tenth of its attention on: {0}.",
            none.map((one) => t(label(one.name))).join(", "),
          ),
          "",
        ]
      : []),
    ...knownHeads(card, name, t),
    `## ${t("All heads")}`,
    "",
    `| ${t("head")} | ${best.map(({ name: what }) => t(label(what))).join(" | ")} |`,
    `|:--|${best.map(() => "--:|").join("")}`,
    ...heads.map(
      ({ address, values }) =>
        `| ${name(address)} | ${best.map(({ name: what }) => figure(values[what])).join(" | ")} |`,
    ),
    "",
    t("Probed in {0} s on {1}.", (durationMs / 1000).toFixed(1), used.join(", ")),
    t("Induction is measured as by Olsson et al. (2022)."),
    ...notProbed(report, t),
    "",
  ].join("\n");
}

/** A cell that is empty was not measured; of whole blocks it is said. */
function notProbed({ model, heads, inputs }: ProbeReport, t: Translate): string[] {
  if (model.kind !== "encoder-decoder") return [];
  const isCrossed = heads.some(({ address }) => address.block === "cross");
  if (!isCrossed)
    return ["", t("Its cross-attention was not probed: no input has a target that it is known to write.")];
  return [
    "",
    inputs.some(({ kind }) => kind === "pairs")
      ? t("Cross-attention was probed while the model was given the targets of its own examples.")
      : t("Cross-attention was probed while the model was given each text as its own target."),
  ];
}

/** Below a tenth nobody would say that a head does it. */
function isShown({ value }: { readonly value: number }): boolean {
  return value >= 0.1;
}

function knownHeads(card: KnownCard | undefined, name: (of: never) => string, t: Translate): string[] {
  if (!card?.headsOfNote.length) return [];
  return [
    `## ${t("Heads of note, as its makers measured them")}`,
    "",
    `| ${t("behaviour")} | ${t("head")} | ${t("share")} |`,
    "|:--|:--|--:|",
    ...card.headsOfNote.map(
      (one) => `| ${escape(one.behaviour)} | ${name(one as never)} | ${figure(one.score)} |`,
    ),
    "",
  ];
}

function inputWords(
  kind: ProbeReport["inputs"][number]["kind"],
  count: number,
  nTokens: number,
  t: Translate,
): string {
  if (kind === "random") return t("random tokens said twice ({0} of {1} tokens in all)", count, nTokens);
  if (kind === "code") return t("code ({0} of {1} tokens in all)", count, nTokens);
  if (kind === "prose") return t("prose ({0} of {1} tokens in all)", count, nTokens);
  return t("sources with their targets ({0} of {1} tokens in all)", count, nTokens);
}

function figure(value: number | undefined): string {
  return value === undefined ? "" : value.toFixed(3);
}

function meaning(name: string): string {
  return statisticMeanings[name as StatisticName] ?? crossingMeanings[name as CrossingName] ?? "";
}

/** "previousToken" as "previous token". */
function label(name: string): string {
  return name.replaceAll(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
}

function escape(text: string): string {
  return text.replaceAll(/[|\\`*_<>[\]]/g, "\\$&");
}
