import type { FoundAttention } from "./attention";
import { storedNumbers } from "./constants";
import type { Value } from "./dataflow";
import type { Known } from "./known";
import type { Path } from "./paths";
import { isRowMaximum } from "./softmax";

/** What happens to the scores between the product and the softmax, and to the weights behind it. */
export function pathTraits(
  path: Path,
  after: Path,
  known: Known,
): Pick<FoundAttention, "productScale" | "softcap" | "biases" | "hasSink" | "notes"> {
  const biases: Value[] = [];
  let scale: number | undefined = path.product.factor;
  let softcap: number | undefined;
  let isCapped = false;
  for (const step of path.steps) {
    const kind = step.op.node.opType;
    const other = step.op.inputs[step.inputIndex === 0 ? 1 : 0];
    if (kind === "Tanh") isCapped = true;
    else if ((kind === "Mul" || kind === "Div") && other) {
      const number = scalarOf(other, known);
      if (number === undefined) scale = undefined;
      else if (isCapped && softcap === undefined) softcap = number;
      else if (scale !== undefined) scale *= kind === "Mul" ? number : 1 / number;
    } else if ((kind === "Add" || kind === "Sub" || kind === "Max" || kind === "Min") && other) {
      // A softmax that is written out takes off the largest score of the row.
      if (!isRowMaximum(other)) biases.push(other);
    } else if (kind === "Where") step.op.inputs.slice(0, 1).forEach((value) => value && biases.push(value));
  }
  if (softcap !== undefined && scale !== undefined) scale *= softcap;
  return {
    biases,
    ...(scale !== undefined && { productScale: scale }),
    ...(softcap !== undefined && { softcap }),
    ...(path.steps.some(({ op }) => op.node.opType === "Concat") && { hasSink: true }),
    notes: [
      ...(after.steps.some(({ op }) => op.node.opType === "Where") ? ["rows without keys are set to 0"] : []),
      ...(after.steps.some(({ op }) => op.node.opType === "MatMul" || op.node.opType === "Conv")
        ? ["heads are mixed after the softmax (talking heads), so rows need not sum to 1"]
        : []),
    ],
  };
}

/** The number that a value is, where it is one constant number. */
export function scalarOf(value: Value, known: Known): number | undefined {
  if (!known.origins.isConstant(value)) return undefined;
  const numbers = storedNumbers(value);
  if (numbers?.length === 1) return numbers[0];
  const op = value.producer;
  const [a, b] = (op?.inputs ?? []).map((input) => (input ? scalarOf(input, known) : undefined));
  if (a === undefined) return undefined;
  switch (op?.node.opType) {
    case "Sqrt":
      return Math.sqrt(a);
    case "Cast":
    case "Identity":
    case "Reshape":
    case "Unsqueeze":
    case "Squeeze":
      return a;
    case "Reciprocal":
      return 1 / a;
    case "Neg":
      return -a;
    case "Mul":
      return b === undefined ? undefined : a * b;
    case "Div":
      return b === undefined ? undefined : a / b;
    case "Pow":
      return b === undefined ? undefined : a ** b;
  }
  return undefined;
}
