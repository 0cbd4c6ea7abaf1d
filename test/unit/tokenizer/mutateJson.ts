const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  3.5,
  1e300,
  "",
  "x",
  "\uD800",
  "(a+)+$",
  "[",
  "x".repeat(10_000_000),
  [],
  {},
  [[]],
  [null],
  JSON.parse('{"__proto__": {"type": "NFC"}}'),
  { type: "Sequence", normalizers: [], pretokenizers: [], processors: [], decoders: [] },
  { type: "constructor" },
  { Regex: "\\p{Nonsense}" },
];

const PIECES = [
  ..."()[]{}|*+?\\^$.-:,'\" aA1é日\u0301\u200d\uD83D\n\0",
  "\\s+",
  "(?=",
  "(?i:",
  "\\p{L}",
  "{2,}",
];

type Holder = Record<string, unknown>;

/** Replaces, removes, edits or moves one random part of a JSON value in place; the function puts it back. */
export function mutateInPlace(root: Holder, random: () => number): () => void {
  const [holder, key] = place(root, random);
  const before = holder[key];
  const had = Object.hasOwn(holder, key);
  const kind = random();
  if (kind < 0.15) delete holder[key];
  else if (kind < 0.3) holder[key] = other(root, random);
  else if (kind < 0.7 && typeof before === "string" && before.length < 100_000) {
    holder[key] = editedText(before, random);
  } else if (kind < 0.6 && typeof before === "number") holder[key] = before + (random() < 0.5 ? 1 : -1e6);
  else if (kind < 0.6 && typeof before === "boolean") holder[key] = !before;
  else holder[key] = pick(ODD_VALUES, random);
  return () => {
    if (had) holder[key] = before;
    else delete holder[key];
  };
}

/** A random place: stages are small beside vocabularies, so each level is chosen by its keys alone. */
function place(root: Holder, random: () => number): [Holder, string] {
  let holder = root;
  let key = pick(Object.keys(root), random);
  for (let depth = 0; depth < 8; depth++) {
    const inner = holder[key];
    if (typeof inner !== "object" || inner === null || random() < 0.15) break;
    const keys = Object.keys(inner);
    if (keys.length === 0) break;
    holder = inner as Holder;
    key = pick(keys, random);
  }
  return [holder, key];
}

/** A copy of another part, unless it is a vocabulary. */
function other(root: Holder, random: () => number): unknown {
  const [holder, key] = place(root, random);
  const value = holder[key];
  const isLarge = typeof value === "object" && value !== null && Object.keys(value).length > 1_000;
  return isLarge || value === root.model ? null : structuredClone(value);
}

function editedText(text: string, random: () => number): string {
  const at = Math.floor(random() * (text.length + 1));
  const end = random() < 0.5 ? at : at + Math.floor(random() * 4);
  const added = random() < 0.2 ? text.slice(0, at) : random() < 0.8 ? pick(PIECES, random) : "";
  return text.slice(0, at) + added + text.slice(end);
}

function pick<T>(list: readonly T[], random: () => number): T {
  return list[Math.floor(random() * list.length)]!;
}

/** The same file with the first `count` entries of its vocabulary, and the merges that these allow. */
export function pruned(file: Holder, count: number): Holder {
  const model = file.model as Holder;
  const vocab = model.vocab as Holder | unknown[];
  const fewer = Array.isArray(vocab)
    ? vocab.slice(0, count)
    : Object.fromEntries(
        Object.entries(vocab)
          .sort(([, a], [, b]) => Number(a) - Number(b))
          .slice(0, count),
      );
  const has = (piece: string) => Object.hasOwn(fewer, piece);
  const merges = (model.merges as (string | string[])[] | undefined)?.filter((merge) => {
    const [left = "", right = ""] = typeof merge === "string" ? merge.split(" ") : merge;
    return has(left) && has(right) && has(left + right);
  });
  return structuredClone({ ...file, model: { ...model, vocab: fewer, ...(merges && { merges }) } });
}
