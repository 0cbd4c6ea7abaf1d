import { HeadlightError, type ErrorReport } from "../core/errors";

/** The failures that only the extension knows; the pipeline's own are in core/errors.ts. */

export function noEditor(): HeadlightError {
  return new HeadlightError(
    "no-editor",
    "There is no text editor to inspect. Open a file or a notebook cell and put the cursor in the text.",
  );
}

export function tooMuchText(nChars: number, limit: number): HeadlightError {
  return new HeadlightError(
    "too-much-text",
    `The selection is ${count(nChars)} characters; Headlight reads at most ${count(limit)} at once. Select less, or inspect the part around the cursor.`,
  );
}

export function binaryText(): HeadlightError {
  return new HeadlightError(
    "binary-text",
    "This looks like binary data, not text. Open a text file, or select a part that is text.",
  );
}

export function unknownModel(id: string): HeadlightError {
  return new HeadlightError(
    "unknown-model",
    `There is no model "${id}" here. Choose another with "Headlight: Choose Model".`,
  );
}

export function noModels(): HeadlightError {
  return new HeadlightError(
    "no-models",
    'No embedded model was found in the extension\'s folder. Install Headlight again, or choose a model of your own with "Headlight: Choose Model".',
  );
}

export function unreadablePlace(uri: string): HeadlightError {
  return new HeadlightError(
    "unreadable-place",
    `The engine cannot read models from ${uri}. Choose a folder or file on the machine that runs the extension.`,
  );
}

export function staleText(): HeadlightError {
  return new HeadlightError(
    "stale-text",
    "The text has changed since this inspection, so its tokens cannot be found in it. Run the inspection again.",
  );
}

/** Of a pinned run that was run again and dropped again, what would help; other failures as they are. */
export function outOfMemory(error: ErrorReport): ErrorReport {
  if (error.code !== "unknown-run") return error;
  const message =
    'A and B do not fit in memory together. Select less, or raise "headlight.byteBudget" in the settings.';
  return { ...error, code: "out-of-memory", message };
}

export function notTwoSelections(nSelections: number): HeadlightError {
  const found = nSelections === 1 ? "There is 1 selection" : `There are ${count(nSelections)} selections`;
  return new HeadlightError(
    "not-two-selections",
    `${found}; a comparison needs two. Select one text, then hold Alt and select another; or select one in each of two editors.`,
  );
}

export function noComparison(): HeadlightError {
  return new HeadlightError(
    "no-comparison",
    "There is no comparison to export. Pin one head as A and another as B first.",
  );
}

export function documentGone(): HeadlightError {
  return new HeadlightError(
    "document-gone",
    "The document of this inspection is closed and was never saved, so its tokens cannot be shown in it.",
  );
}

export function noInspection(): HeadlightError {
  return new HeadlightError(
    "no-inspection",
    "Nothing has been inspected yet. Select text and inspect it first.",
  );
}

export function malformedMessage(what: string, problem: string): HeadlightError {
  return new HeadlightError(
    "malformed-message",
    `A message from the inspector was not understood: ${what}.`,
    problem,
  );
}

export function pageSilent(patienceMs: number): HeadlightError {
  return new HeadlightError(
    "page-silent",
    `The inspector did not start an engine within ${Math.round(patienceMs / 1000)} s. Close it and inspect again.`,
  );
}

export function closed(): HeadlightError {
  return new HeadlightError("closed", "The inspector was closed.");
}

function count(n: number): string {
  return n.toLocaleString("en");
}

export function pageTooLarge(bytes: number, limit: number): HeadlightError {
  const megabytes = (n: number) => `${Math.round(n / 1e6)} MB`;
  return new HeadlightError(
    "page-too-large",
    `The page would have about ${megabytes(bytes)}; at most ${megabytes(limit)} are written. Inspect less text, or export the weights alone.`,
  );
}
