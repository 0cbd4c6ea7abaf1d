import type { KeptWeights, Notice, RunWindow } from "../../core/run";
import type { OpenModel } from "./openModel";

/** What a person must know of the form in which a run is kept, and of the windows that it was cut into. */
export function noticesOfForm(
  { kept, windows }: { kept?: KeptWeights; windows?: readonly RunWindow[] },
  { summary }: Pick<OpenModel, "summary">,
): Notice[] {
  const notices: Notice[] = [];
  if (kept) {
    const most = kept.largestError.toPrecision(1);
    const small = (kept.largestError / 10).toPrecision(1);
    const measured =
      kept.measuredError === undefined ? "" : `; measured on one head: ${kept.measuredError.toPrecision(1)}`;
    const price = `± ${most} at most, ± ${small} for a weight of 0.01${measured}`;
    notices.push(
      kept.form === "bytes"
        ? {
            code: "weights-as-bytes",
            message: `To save memory each weight is kept as one byte: ${price}. Raise headlight.byteBudget or select less for exact weights.`,
          }
        : {
            code: "weights-on-demand",
            message: `The weights of this text do not fit into headlight.byteBudget: a layer is computed again when it is looked at, and each weight is kept as one byte (${price}).`,
          },
    );
  }
  if (windows) {
    const [first] = windows;
    const length = first ? first.end - first.start : 0;
    notices.push({
      code: "in-windows",
      message: `The text is longer than the ${length.toLocaleString("en")} tokens that ${summary.name} was given at once: it was run in ${windows.length} overlapping windows. What lies outside a token's window was not computed. Of windows the weights alone are kept: a token's scores, q, k and v differ from window to window, so inspect the part around it for those.`,
    });
  }
  return notices;
}
