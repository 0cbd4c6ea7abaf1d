import { HeadlightError } from "../../core/errors";
import type { AheadAnswer, AheadQuestion } from "../../protocol/ahead";
import { matrixAtOnce, thumbnailsAtOnce } from "../../store/atOnce";
import type { StoredRun } from "../../store/storedRun";

/** Bytes of answers that go with a summary: a message is at most 1 MB. */
const MOST_BYTES = 700_000;

/** Questions about the run before may not fit this one: what cannot be answered will be asked again, or not at all. */
export function answersAhead(run: StoredRun, questions: readonly AheadQuestion[]): AheadAnswer[] {
  const answers: AheadAnswer[] = [];
  let bytes = 0;
  for (const question of questions) {
    const answer = answerAhead(run, question);
    bytes += answer?.value.data.byteLength ?? 0;
    if (bytes > MOST_BYTES) break;
    if (answer) answers.push(answer);
  }
  return answers;
}

function answerAhead(run: StoredRun, question: AheadQuestion): AheadAnswer | undefined {
  const { runId } = run.summary;
  const { measure = "weights" } = question.query;
  // What has to be captured or computed first is not waited for.
  if (measure !== "weights" && measure !== "scores") return undefined;
  try {
    if (question.method === "thumbnails") {
      const query = { ...question.query, runId };
      return { method: "thumbnails", query, value: thumbnailsAtOnce(run, query) };
    }
    const query = { ...question.query, runId };
    return { method: "matrix", query, value: matrixAtOnce(run, query) };
  } catch (error) {
    if (error instanceof HeadlightError) return undefined;
    throw error;
  }
}
