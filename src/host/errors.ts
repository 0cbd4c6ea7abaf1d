import { HeadlightError } from "../core/errors";

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

export function closed(): HeadlightError {
  return new HeadlightError("closed", "The inspector was closed.");
}

function count(n: number): string {
  return n.toLocaleString("en");
}
