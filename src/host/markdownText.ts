/**
 * Text as Markdown that shows just that text: every character that Markdown or HTML could read is written as a
 * character reference, also inside a table cell or the text of a link.
 */
export function markdownText(text: string): string {
  return text.replace(/[!-/:-@[-`{-~]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A token as a reader sees it: white space made visible, control characters as their code, shortened. */
export function visibleToken(text: string, mostCharacters = 24): string {
  const characters = Array.from(text);
  const shown = characters.slice(0, mostCharacters).map(visibleCharacter).join("");
  return characters.length > mostCharacters ? `${shown}…` : shown;
}

function visibleCharacter(character: string): string {
  if (character === " " || character === "\u00a0") return "·";
  if (character === "\n") return "⏎";
  if (character === "\t") return "⇥";
  if (character === "\r") return "␍";
  // Controls and the marks that turn the direction of what follows: they would reorder the table.
  if (/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/.test(character)) {
    return `<${character.charCodeAt(0).toString(16).padStart(4, "0")}>`;
  }
  return character;
}
