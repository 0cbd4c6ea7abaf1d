import { malformedTokenizer } from "./errors";
import { isCount, type Fields } from "./fields";

/** Ids above this are taken for a broken file: the largest known vocabularies have under 2 million entries. */
const MAX_ID = 2 ** 24;

/** A `vocab` object {piece: id}. */
export function parseVocabulary(model: Fields): Map<string, number> {
  const fields = model.object("vocab");
  const vocabulary = new Map<string, number>();
  for (const [piece, id] of fields.entries()) {
    if (!isCount(id) || id > MAX_ID) {
      throw malformedTokenizer(
        `${fields.where}[${JSON.stringify(piece)}]`,
        `is not an id from 0 to ${MAX_ID}`,
      );
    }
    vocabulary.set(piece, id);
  }
  return vocabulary;
}
