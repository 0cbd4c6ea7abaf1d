import { badCard } from "../core/errors";
import type { BlockKind, ModelSummary, PositionScheme } from "../core/run";

/** What an embedded model says about itself (card.json): the facts of its card.md that programs read. */
export interface Card {
  readonly id: string;
  readonly name: string;
  readonly kind: ModelSummary["kind"];
  readonly nLayers: number;
  readonly nHeads: number;
  readonly dModel?: number;
  readonly vocab?: number;
  /** Most tokens the model reads. */
  readonly context?: number;
  readonly positions: PositionScheme;
  readonly objective?: string;
  /** "additive", "dot-product" or "scaled-dot-product". */
  readonly scoring?: string;
  /** How many numbers were trained. */
  readonly parameters?: number;
  /** What was measured, by its name on the card. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly sizeBytes?: number;
  /** Of the weights: "int8"; what is kept otherwise follows behind a comma. */
  readonly precision?: string;
  readonly licence?: string;
  readonly headsOfNote: readonly HeadOfNote[];
  /** Texts on which the heads show best. */
  readonly samples: readonly Sample[];
}

export interface HeadOfNote {
  /** The attention it belongs to; absent on cards that do not say. */
  readonly block?: BlockKind;
  readonly layer: number;
  readonly head: number;
  readonly behaviour: string;
  /** 0..1, measured on held-out probes; what it is the share of stands in card.md. */
  readonly score?: number;
}

export interface Sample {
  readonly title: string;
  readonly text: string;
  readonly targetText?: string;
  /** The head on which it shows, and what is to be seen. */
  readonly layer?: number;
  readonly head?: number;
  readonly note?: string;
}

const kinds = ["causal", "encoder", "encoder-decoder"] as const;
const blocks = ["encoder", "decoder", "cross"] as const;
const schemes = ["learned", "sinusoidal", "rope", "alibi", "relative-bias", "none"] as const;

/** Reads a card; throws a HeadlightError that names what is wrong. Unknown fields are ignored. */
export function parseCard(raw: unknown, where: string): Card {
  const fail = (what: string): never => {
    throw badCard(where, what);
  };
  if (!isRecord(raw)) return fail("it is not an object");
  const id = text(raw.id) ?? fail('"id" is missing');
  if (!/^[a-z0-9][a-z0-9._-]*$/.test(id)) fail(`"id" may hold only a-z, 0-9, ".", "_" and "-"`);
  return {
    id,
    name: text(raw.name) ?? id,
    kind: kinds.find((kind) => kind === raw.kind) ?? "unknown",
    nLayers: count(raw.layers ?? raw.nLayers) ?? fail('"layers" is missing'),
    nHeads: count(raw.heads ?? raw.nHeads) ?? fail('"heads" is missing'),
    dModel: count(raw.dModel),
    vocab: count(raw.vocab),
    context: count(raw.context),
    positions: schemes.find((scheme) => scheme === schemeOf(raw.positions)) ?? "unknown",
    objective: text(raw.objective),
    scoring: text(raw.scoring),
    parameters: count(raw.parameters),
    metrics: numbers(raw.metrics),
    sizeBytes: count(raw.sizeBytes),
    precision: text(raw.precision),
    licence: text(raw.licence),
    headsOfNote: list(raw.headsOfNote).flatMap(parseHeadOfNote),
    samples: list(raw.samples).flatMap(parseSample),
  };
}

function parseHeadOfNote(raw: unknown): HeadOfNote[] {
  if (!isRecord(raw)) return [];
  const { layer, head } = raw;
  const behaviour = text(raw.behaviour);
  if (!isIndex(layer) || !isIndex(head) || behaviour === undefined) return [];
  const block = blocks.find((known) => known === raw.block);
  return [{ block, layer, head, behaviour, score: typeof raw.score === "number" ? raw.score : undefined }];
}

function parseSample(raw: unknown): Sample[] {
  if (typeof raw === "string") return [{ title: raw.slice(0, 40), text: raw }];
  if (!isRecord(raw)) return [];
  const sample = text(raw.text);
  if (sample === undefined) return [];
  return [
    {
      title: text(raw.title) ?? sample.slice(0, 40),
      text: sample,
      targetText: text(raw.targetText),
      layer: isIndex(raw.layer) ? raw.layer : undefined,
      head: isIndex(raw.head) ? raw.head : undefined,
      note: text(raw.note),
    },
  ];
}

function numbers(raw: unknown): Record<string, number> {
  const entries = isRecord(raw) ? Object.entries(raw) : [];
  return Object.fromEntries(entries.filter((entry): entry is [string, number] => Number.isFinite(entry[1])));
}

/** "rope", or { scheme: "rope", base: 10000 }. */
function schemeOf(raw: unknown): unknown {
  return isRecord(raw) ? raw.scheme : raw;
}

function isRecord(raw: unknown): raw is Record<string, unknown> {
  return typeof raw === "object" && raw !== null && !Array.isArray(raw);
}

function isIndex(raw: unknown): raw is number {
  return Number.isInteger(raw) && (raw as number) >= 0;
}

function text(raw: unknown): string | undefined {
  return typeof raw === "string" && raw !== "" ? raw : undefined;
}

function count(raw: unknown): number | undefined {
  return isIndex(raw) && raw > 0 ? raw : undefined;
}

function list(raw: unknown): unknown[] {
  return Array.isArray(raw) ? raw : [];
}
