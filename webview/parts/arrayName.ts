/** Signs that name something, spelled out; other signs part words. */
const spelled: Readonly<Record<string, string>> = {
  "·": " dot ",
  "∘": " times ",
  "×": " times ",
  "−": " minus ",
  "√": " root ",
  Σ: " sum ",
};

/** What a picture is called as the name of an array: "weight × v" is "weight_times_v", "vᵀ tanh" is "vT_tanh". */
export function arrayName(title: string): string {
  const words = [...title].map((sign) => spelled[sign] ?? sign.normalize("NFKD")).join("");
  return words.replaceAll(/[^\p{L}\p{N}.]+/gu, "_").replaceAll(/^[_.]+|[_.]+$/g, "") || "values";
}

/** Gives each name once: the second of a name ends in "_2". */
export function uniqueNames(): (title: string) => string {
  const counts = new Map<string, number>();
  return (title) => {
    const name = arrayName(title);
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    return count === 1 ? name : `${name}_${count}`;
  };
}
