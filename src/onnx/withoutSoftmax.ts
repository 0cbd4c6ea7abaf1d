import type { NotFound } from "./attention";
import type { Value } from "./dataflow";
import type { Known } from "./known";
import { productAfter } from "./paths";
import { productOf } from "./product";

/** What may take the softmax's place. */
const ACTIVATIONS: ReadonlySet<string> = new Set(
  "Relu LeakyRelu Sigmoid HardSigmoid Softplus Elu Exp Pow Erf Gelu".split(" "),
);

/** Products of content that follow each other as in attention, but without a softmax: for graphs in which nothing else was found. */
export function withoutSoftmax({ flow, origins }: Known): NotFound[] {
  const isOfContent = ({ left, right }: { left: Value; right: Value }) =>
    origins.isData(left) && origins.isData(right);
  return flow.ops.flatMap((op) => {
    const scores = productOf(op);
    if (!scores || !isOfContent(scores)) return [];
    const after = productAfter(scores.output, isOfContent, ACTIVATIONS);
    if (!after) return [];
    const taken = after.steps.find((step) => ACTIVATIONS.has(step.op.node.opType))?.op.node.opType;
    return [{ op, reason: taken ? `${taken} ${INSTEAD}` : WITHOUT }];
  });
}

const INSTEAD = "takes the place of its softmax, so there are no weights that sum to one";
const WITHOUT =
  "two products follow each other without a softmax between them, as in linear or kernel attention, so there are no weights that sum to one";
