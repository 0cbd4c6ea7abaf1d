/** One line of RFC 4180: fields are quoted where they need it; a field that a spreadsheet would run is made text. */
export function csvLine(fields: readonly (string | number)[]): string {
  return `${fields.map(csvField).join(",")}\r\n`;
}

function csvField(field: string | number): string {
  if (typeof field === "number")
    return Number.isFinite(field)
      ? String(field)
      : Number.isNaN(field)
        ? "NaN"
        : field > 0
          ? "Infinity"
          : "-Infinity";
  const text = /^[=+\-@\t\r]/.test(field) ? `'${field}` : field;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
