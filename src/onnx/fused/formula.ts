import type { ScoreStep } from "../../core/recompute";
import type { Additions } from "../additions";
import type { Place } from "../attention";
import type { Op } from "../dataflow";
import { numberOf } from "../graph";
import type { Formula } from "../scoreSteps";
import { slice } from "./heads";

/** What a fused operator does between q·k and its weights, by its inputs' numbers; -1 where it has no such input. */
export interface FusedFormula {
  readonly scale: number | undefined;
  readonly softcap?: number;
  /** Input that is added to the scores. */
  readonly bias: number;
  /** Input that says which keys are seen: [b, k], [b, q, k], or lengths. */
  readonly mask?: number;
  readonly maskForm?: "keys" | "queries and keys" | "ends" | "ends and starts";
  readonly causal?: "first" | "last";
  readonly window?: number;
  readonly sink?: number | Place;
}

/** The formula of com.microsoft's operators: scale, soft cap, bias, mask, order, softmax (measured, ONNX Runtime Web 1.30). */
export function fusedFormula(op: Op, parts: FusedFormula): Formula {
  const { scale, softcap, bias, mask = -1, maskForm, causal, window, sink } = parts;
  if (scale === undefined) return "the size of its heads, and so its scale, is not known from the graph";
  const steps: ScoreStep<Place>[] = [{ kind: "multiply", by: scale }];
  if (softcap)
    steps.push({ kind: "divide", by: softcap }, { kind: "tanh" }, { kind: "multiply", by: softcap });
  const added = op.inputs[bias];
  if (added) steps.push({ kind: "add", term: { value: added, axes: ["b", "h", "q", "k"] } });
  const given = op.inputs[mask];
  if (given && maskForm) {
    const value = numberOf(op.node, "mask_filter_value") ?? -10000;
    if (maskForm === "keys") steps.push({ kind: "hide", mask: { value: given, axes: ["b", "k"] }, value });
    else if (maskForm === "queries and keys")
      steps.push({ kind: "hide", mask: { value: given, axes: ["b", "q", "k"] }, value });
    else {
      steps.push({ kind: "end", at: entryOf(op, mask, 0), value });
      if (maskForm === "ends and starts") steps.push({ kind: "start", at: entryOf(op, mask, 1), value });
    }
  }
  if (causal) steps.push({ kind: "causal", level: causal });
  if (window !== undefined && window > 0) steps.push({ kind: "window", size: window });
  if (sink !== undefined) steps.push({ kind: "sink", term: sink });
  return [...steps, { kind: "softmax" }];
}

/** One number of a list of int32, such as [end, start] for a batch of one. */
function entryOf(op: Op, input: number, index: number): Place {
  const make = (to: Additions) =>
    to.toFloat(op.scope, slice(to, op.scope, op.inputs[input]?.name ?? "", 0, index, index + 1), "int32");
  return { axes: ["b"], make };
}
