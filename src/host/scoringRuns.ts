import type { ScoringFunction } from "../core/scoring/functions";
import type { Engine } from "../engine/engine";
import type { ModelEntry } from "../model/entry";
import type { ScoringRun, ScoringRuns } from "../protocol/scoringRuns";
import type { Models } from "./models";

const functions: Readonly<Record<string, ScoringFunction>> = {
  additive: "additive",
  "dot-product": "dot",
  "scaled-dot-product": "scaled",
};
const order: readonly ScoringFunction[] = ["additive", "dot", "scaled"];

/** One text, or the first that their cards propose, through the embedded models that differ in their scoring function alone. */
export async function scoringRuns(
  engine: Engine,
  models: Pick<Models, "embedded">,
  wanted: string,
  signal?: AbortSignal,
): Promise<ScoringRuns> {
  const compared = comparedModels(await models.embedded());
  const samples = compared[0]?.entry.card?.samples.map((sample) => sample.text) ?? [];
  const text = wanted.trim() || (samples[0] ?? "");
  const runs: ScoringRun[] = [];
  for (const { scoring, entry } of compared) runs.push(await runOf(engine, scoring, entry, text, signal));
  return { text, runs, samples };
}

/** Of the encoder-decoders for each scoring function the smallest: one head between two recurrent halves. */
function comparedModels(embedded: readonly ModelEntry[]) {
  const nHeads = ({ card }: ModelEntry) => (card ? card.nLayers * card.nHeads : Infinity);
  return order.flatMap((scoring) => {
    const [entry] = embedded
      .filter(({ card }) => card?.kind === "encoder-decoder" && functions[card.scoring ?? ""] === scoring)
      .sort((a, b) => nHeads(a) - nHeads(b));
    return entry ? [{ scoring, entry }] : [];
  });
}

async function runOf(
  engine: Engine,
  scoring: ScoringFunction,
  { source: model, card }: ModelEntry,
  text: string,
  signal?: AbortSignal,
): Promise<ScoringRun> {
  const run = await engine.inspect({ model, text, generate: {} }, { signal });
  const { runId, generated } = run;
  try {
    const target = run.targetTokens ?? [];
    const choice = { block: "cross", layer: 0, head: 0 } as const;
    const [weights, predictions] = await Promise.all([
      engine.matrix({ runId, choice, measure: "weights" }, { signal }),
      engine.tokenPredictions({ runId, start: 1, end: target.length, count: 1 }, { signal }),
    ]);
    return {
      scoring,
      modelId: model.id,
      modelName: card?.name ?? model.name,
      parameters: card?.parameters,
      metrics: card?.metrics ?? {},
      source: run.tokens,
      target,
      end: generated?.end ?? "length",
      weights: weights.data,
      probabilities: predictions.map(({ probability }) => probability ?? NaN),
    };
  } finally {
    // Nobody else knows this run.
    engine.release({ runId }).catch(() => undefined);
  }
}
