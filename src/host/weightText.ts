/** A weight, or a measure made of it, with three significant digits; what is not zero never reads as zero. */
export function weightText(weight: number): string {
  if (weight === 0) return "0";
  if (weight < 0.001) return "<0.001";
  if (weight >= 999.5) return String(Math.round(weight));
  return weight >= 0.9995 && weight < 1.005 ? "1.00" : weight.toPrecision(3);
}

/** A weight as a bar of up to five characters, in eighths of a character. */
export function weightBar(weight: number): string {
  const eighths = Math.max(weight > 0 ? 1 : 0, Math.round(Math.min(weight, 1) * 40));
  return "█".repeat(eighths >> 3) + ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths & 7];
}
