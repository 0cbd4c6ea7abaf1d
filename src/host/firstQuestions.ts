import { questionKey, type AheadQuestion } from "../protocol/ahead";
import type { InspectorSelection } from "../protocol/viewContract";

/** Most matrices (tiles of one head) that a picture is drawn from. */
const KEPT = 8;

/** What a page asked of the shown run to draw its picture: the same is asked ahead of the next run. */
export class FirstQuestions {
  #overview: AheadQuestion | undefined;
  #matrices: readonly AheadQuestion[] = [];

  /** The latest ones are kept; the means over heads are not waited for. */
  note(question: AheadQuestion): void {
    const { method, query } = question;
    if (method === "thumbnails") {
      if (query.of !== "means") this.#overview = question;
      return;
    }
    const key = questionKey(method, query);
    const others = this.#matrices.filter((other) => questionKey(other.method, other.query) !== key);
    this.#matrices = [...others, question].slice(-KEPT);
  }

  /** Those whose answers the view paints first, of what is selected. */
  of(selection: InspectorSelection | undefined): AheadQuestion[] {
    const { view, choice, measure } = selection ?? {};
    if (view === "heads") return this.#overview ? [this.#overview] : [];
    if (view !== "head") return [];
    const chosen = JSON.stringify([choice?.block, choice?.layer, choice?.head, measure]);
    return this.#matrices.filter(({ method, query }) => {
      if (method !== "matrix") return false;
      const { block, layer, head } = query.choice;
      return JSON.stringify([block, layer, head, query.measure]) === chosen;
    });
  }
}
