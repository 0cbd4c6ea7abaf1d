/** Texts written for the probe: ordinary code with nested brackets and strings, and ordinary prose. */
export const probeCode: readonly string[] = [
  `def load_rows(path, limit=100):
    rows = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file):
            fields = [part.strip() for part in line.split(",")]
            if len(fields) < 3 or (limit and number >= limit):
                continue
            rows.append({"name": fields[0], "size": int(fields[1]), "tags": tuple(fields[2:])})
    return sorted(rows, key=lambda row: (row["size"], row["name"]))
`,
  `class Store:
    def __init__(self, items=None):
        self.items = dict(items or {})

    def find(self, name, default=None):
        value = self.items.get(name, default)
        if value is None:
            raise KeyError("no item with the name " + name)
        return value

    def report(self):
        lines = ["%s: %d" % (name, len(str(value))) for (name, value) in self.items.items()]
        print("total", sum(len(line) for line in lines), "in the store")
        return "\\n".join(lines)
`,
  `export function groupByLength(words: string[], options = { most: 10 }): Map<number, string[]> {
  const groups = new Map<number, string[]>();
  for (const word of words.filter((each) => each.length > 0).slice(0, options.most)) {
    const found = groups.get(word.length) ?? [];
    groups.set(word.length, [...found, word.replace(/[^a-z]+/g, "")]);
  }
  if (groups.size === 0) {
    throw new Error("There are no words of the length that was asked for.");
  }
  console.log("groups", JSON.stringify([...groups.keys()]), { size: groups.size, kind: "length" });
  return groups;
}
`,
];

export const probeProse: readonly string[] = [
  "The morning ferry left the harbour before the fog had lifted. On the upper deck a woman with a grey coat counted her coins twice, wrote the sum into a small notebook, and looked at the water. She had promised her brother that she would visit the island once a year, and she had kept the promise for eleven years, although the house was empty now and the garden had grown over the path.\n\nWhen the boat turned around the lighthouse, the wind came from the north. Two children ran along the railing until their father called them back. Nobody spoke much. The engine hummed, the gulls followed, and the island slowly became more than a line.",
  "A library is more than a room with books. It is a list of decisions: which shelves stand near the door, which titles are kept in the cellar, and which are given away when there is no space left. Every spring the staff walks through the rows with a cart, takes out what nobody has opened for ten years, and asks the same question about each volume. Is there another copy in the city? If there is, the book goes to the sale; if there is not, it goes back to its place.\n\nReaders rarely notice. They find what they came for, or they find something better beside it, and they carry it home in the rain.",
];
