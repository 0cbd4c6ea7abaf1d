export type DateField = "year" | "month" | "day";

/** Half open, in UTF-16 code units. */
export type CharSpan = readonly [start: number, end: number];

/** Each field of an ISO date: its number, and where it stands in the date. */
export type DateFields = Readonly<Record<DateField, { readonly value: number; readonly at: CharSpan }>>;

/** The fields of "2022-03-04"; nothing for any other text. */
export function isoDate(text: string): DateFields | undefined {
  const found = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text.trim());
  if (!found) return undefined;
  const first = text.length - text.trimStart().length;
  const field = (part: number, start: number, length: number) => ({
    value: Number(found[part]),
    at: [first + start, first + start + length] as const,
  });
  return { year: field(1, 0, 4), month: field(2, 5, 2), day: field(3, 8, 2) };
}

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/**
 * Where a date written in English has its year, month and day: a year of four digits; a month by its name or as a
 * number; where day and month are both numbers the day stands first, but behind a year the month does. Nothing where
 * they do not stand there.
 */
export function dateSpans(
  text: string,
  fields: DateFields,
): Readonly<Record<DateField, CharSpan>> | undefined {
  const numbers = [...text.matchAll(/\d+/g)].map((match) => ({
    value: Number(match[0]),
    digits: match[0].length,
    at: [match.index, match.index + match[0].length] as const,
  }));
  const yearAt = numbers.findIndex(({ digits, value }) => digits === 4 && value === fields.year.value);
  const year = numbers[yearAt]?.at;
  const short = numbers.filter(({ digits }) => digits <= 2);
  const named = [...text.matchAll(/[a-z]{3,}/gi)].find(
    ([word]) => months.indexOf(word.slice(0, 3).toLowerCase()) === fields.month.value - 1,
  );
  if (!year) return undefined;
  if (named) {
    const day = short.find(({ value }) => value === fields.day.value)?.at;
    return day && { year, month: [named.index, named.index + named[0].length], day };
  }
  const [day, month] = yearAt === 0 ? [short[1], short[0]] : [short[0], short[1]];
  if (day?.value !== fields.day.value || month?.value !== fields.month.value) return undefined;
  return { year, month: month.at, day: day.at };
}
