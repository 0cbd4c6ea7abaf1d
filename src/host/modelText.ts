import type { ModelFacts } from "../core/modelFacts";
import type { ModelEntry } from "../model/entry";
import type { Translate } from "./translate";

/** What a list says of a model beside its name: architecture, layers x heads, tokens, precision, size. */
export function describeEntry(entry: ModelEntry, facts: ModelFacts | undefined, t: Translate): string {
  const { summary, architecture } = entry;
  const kind = [architecture, summary.kind === "unknown" ? undefined : summary.kind].filter(Boolean);
  const context = summary.context && t("{0} tokens", summary.context);
  const precision = facts && facts.precision !== "unknown" ? facts.precision : entry.precision;
  const bytes = facts?.sizeBytes ?? entry.sizeBytes;
  return [...kind, sizesOf(entry, facts), context, precision, bytes && sizeText(bytes)]
    .filter(Boolean)
    .join(" · ");
}

/** Whether a model's attention can be shown; nothing while that is not known, and for embedded ones, which all can. */
export function attentionText(facts: ModelFacts | undefined, t: Translate): string | undefined {
  switch (facts?.shown) {
    case "all":
      return t("its attention can be shown");
    case "part":
      return t("part of its attention can be shown; not {0}", facts.reason ?? "");
    case "none":
      return t("its attention cannot be shown: {0}", facts.reason ?? "");
    case undefined:
      return undefined;
  }
}

/** "4x8", or of several blocks "2x4 + 2x4 + 2x4". */
function sizesOf({ summary }: ModelEntry, facts: ModelFacts | undefined): string | undefined {
  const found = facts?.blocks.map(({ nLayers, nHeads }) => `${nLayers}x${nHeads ?? "?"}`);
  if (found && found.length > 0) return found.join(" + ");
  return summary.nLayers > 0 ? `${summary.nLayers}x${summary.nHeads}` : undefined;
}

function sizeText(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
