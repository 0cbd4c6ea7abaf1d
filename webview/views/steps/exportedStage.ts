import type { Colours } from "../../parts/colours";
import type { Exported, ExportedAxis } from "../../parts/panelExports";
import type { Inspector } from "../../state/inspector";
import { isBehindHeads, type Stage } from "./stage";
import type { StepsData } from "./stepsData";
import {
  exportedAdditions,
  exportedFlow,
  exportedHeads,
  exportedMatrices,
  exportedProjection,
} from "./stepsExports";
import type { StepsShown } from "./stepsShown";

/** What is seen of Steps, to be saved. */
export function exportedStage(
  inspector: Inspector,
  steps: StepsData,
  { stage, texts, flow, matrices }: StepsShown,
  mode: "one" | "all",
  colours: Colours,
): Exported | undefined {
  const axis = (name: "query" | "key", cells: number): ExportedAxis => {
    const { labels } = (name === "query" ? inspector.queries : inspector.keys).peek();
    const index = (i: number) => Math.floor((i * labels.length) / Math.max(1, cells));
    return { name, index, label: (i) => labels[index(i)] ?? "" };
  };
  const axes = {
    query: (cells: number) => axis("query", cells),
    key: (cells: number) => axis("key", cells),
  };
  const query = steps.query.peek();
  const of = `query ${inspector.queries.peek().labels[query] ?? ""} (${query})`;
  const term = (wanted: Stage) => texts.peek().find((each) => each.stage === wanted)?.term ?? "";
  const inside = ["product", "scale", "bias"] as const;
  const formula = `softmax( ${inside.map(term).filter(Boolean).join(" ")} ) · ${term("values")}`;
  const { slice, additions } = steps.projection;
  if (isBehindHeads(stage.peek())) {
    const all = mode === "all" ? additions.peek().value : undefined;
    if (all) return exportedAdditions(all, steps.layer.peek()?.nHeads ?? 1, colours);
    const one = slice.peek().value;
    return one && exportedProjection(one, colours, `W_O and the residual stream, ${of}`);
  }
  const outputs = steps.outputs.peek();
  if (stage.peek() === "heads") return outputs && exportedHeads(outputs, colours, `Heads, ${of}`);
  const all = matrices.peek();
  if (mode === "all") return all && exportedMatrices(all, colours, axes, formula);
  const one = flow.peek();
  const row = steps.row.peek();
  return one && row && exportedFlow(one, row.steps.checks, colours, axes, `Steps, ${of}`, formula);
}
