import { hasSpan, type CharOffset, type Token } from "../core/token";

/** Shades of the overlay: one decoration type and one theme colour (headlight.weight1 … 16) each. */
export const N_SHADES = 16;

export interface Span {
  readonly start: CharOffset;
  readonly end: CharOffset;
}

/**
 * The spans to shade, by shade (index 0 is shade 1, the lightest). Shades go with the square root of the weight,
 * because weights pile up near zero; below half a shade (a weight of about 0.001) nothing is shaded.
 * Tokens that split one character are shaded once, by the largest of their weights.
 */
export function shadedSpans(tokens: readonly Token[], weights: Float32Array): Span[][] {
  const shades: Span[][] = Array.from({ length: N_SHADES }, () => []);
  for (const { start, end, weight } of distinctSpans(tokens, weights)) {
    const shade = Math.min(N_SHADES, Math.round(Math.sqrt(weight) * N_SHADES));
    if (shade > 0) shades[shade - 1]!.push({ start, end });
  }
  return shades;
}

/** Spans of all tokens but the first, each of which starts at a boundary. */
export function boundarySpans(tokens: readonly Token[]): Span[] {
  const spans: Span[] = [];
  for (const token of tokens) {
    if (!hasSpan(token) || token.end === token.start) continue;
    if (spans.at(-1)?.start !== token.start) spans.push({ start: token.start, end: token.end });
  }
  return spans.slice(1);
}

function distinctSpans(tokens: readonly Token[], weights: Float32Array): (Span & { weight: number })[] {
  const bySpan = new Map<string, Span & { weight: number }>();
  tokens.forEach((token, index) => {
    const weight = weights[index] ?? 0;
    if (!hasSpan(token) || token.end === token.start || !(weight > 0)) return;
    const key = `${token.start},${token.end}`;
    const other = bySpan.get(key)?.weight ?? 0;
    bySpan.set(key, { start: token.start, end: token.end, weight: Math.max(weight, other) });
  });
  return [...bySpan.values()];
}
