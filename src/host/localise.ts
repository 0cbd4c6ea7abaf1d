import type { Translate } from "./translate";

/** The sentences of failures that carry numbers or names; the others are looked up as they are. */
const templates = [
  "The selection is {0} tokens; {1} reads at most {2}. Select less, or inspect the part around the cursor.",
  "The selection is {0} characters; Headlight reads at most {1} at once. Select less, or inspect the part around the cursor.",
  'There is no model "{0}" here. Choose another with "Headlight: Choose Model".',
  "{0} cannot be read: {1}.",
  "There are {0} selections; a comparison needs two. Select one text, then hold Alt and select another; or select one in each of two editors.",
  "The text is {0} tokens and {1} more were asked for; {2} reads at most {3}. Continue by at most {4}.",
  "The text is {0} tokens and {1} more were asked for; {2} reads at most {3}. Select less.",
  "{0} does not write a text from left to right, so it cannot continue one. Choose a causal model or an encoder-decoder.",
];

/**
 * A failure's sentence in the editor's language. Failures are worded in English where they are known, far from the
 * editor, and cross threads as text: so the sentence is matched against its template again.
 */
export function localise(sentence: string, t: Translate): string {
  for (const template of templates) {
    const values = matchTemplate(template, sentence);
    if (values) return t(template, ...values);
  }
  return t(sentence);
}

/** What stands at {0}, {1}, … in the sentence, or nothing where it is another sentence. */
export function matchTemplate(template: string, sentence: string): string[] | undefined {
  const pattern = template
    .split(/\{\d+\}/)
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
    .join("(.+?)");
  return new RegExp(`^${pattern}$`, "s").exec(sentence)?.slice(1);
}
