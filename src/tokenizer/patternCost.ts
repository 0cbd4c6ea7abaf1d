import { atOnePosition } from "./boundedMatching";

/**
 * Whether some short run that the pattern cannot match to its end costs far more than its length: exponential time
 * shows within 32 repetitions, cubic time within 1,024.
 */
export function needsAges(pattern: RegExp, source: string): boolean {
  const units = unitsOf(source);
  const letters = units.filter((unit) => /[\p{L}\p{N}\s]/u.test(unit)).slice(0, MAX_LETTERS);
  const pairs = letters.flatMap((first) =>
    letters.filter((second) => second !== first).map((second) => first + second),
  );
  const fromOnePosition = atOnePosition(pattern) ?? pattern;
  return (
    units.some((unit) => grows(pattern, "", unit, [...SHORT, ...LONG])) ||
    pairs.some((unit) => grows(pattern, "", unit, SHORT)) ||
    prefixesOf(source).some((prefix) =>
      units
        .slice(0, MAX_UNITS)
        .some((unit) => grows(pattern, prefix, unit, SHORT) || grows(fromOnePosition, prefix, unit, LONG)),
    )
  );
}

/** Whether trying the pattern at one position takes time that is quadratic in a run: patterns of the hub do for digits. */
export function isQuadratic(pattern: RegExp, source: string): boolean {
  const fromOnePosition = atOnePosition(pattern) ?? pattern;
  return ["", ...prefixesOf(source)].some((prefix) =>
    unitsOf(source)
      .slice(0, MAX_UNITS)
      .some((unit) => grows(fromOnePosition, prefix, unit, LONGEST)),
  );
}

/** What runs are made of: common characters and those that the pattern names. */
function unitsOf(source: string): string[] {
  return [...new Set(["a", "A", "1", " ", "\n", "!", "é", ...source.slice(0, 200)])];
}

/** What may have to stand before a run. */
function prefixesOf(source: string): readonly string[] {
  return (source.match(/[\p{L}\p{N} _-]{1,16}/gu) ?? []).slice(0, MAX_PREFIXES);
}

const LIMIT_MS = 50;
const MAX_LETTERS = 12;
const MAX_PREFIXES = 4;
const MAX_UNITS = 10;

/** Lengths that are near enough for time that doubles with each character. */
const SHORT = [4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32];

/** Lengths that are near enough for time that grows with their fourth power. */
const LONG = [48, 64, 96, 128, 192, 256, 384, 512, 768, 1024];

const LONGEST = [4096, 16_384];

/** NUL ends a probe: few patterns match it. */
function grows(pattern: RegExp, prefix: string, unit: string, lengths: readonly number[]): boolean {
  return lengths.some((length) => {
    const probe = `${prefix}${unit.repeat(length)}\0`;
    // The shortest of three, so that a busy machine is not taken for a slow pattern.
    return [0, 0, 0].every(() => milliseconds(pattern, probe) > LIMIT_MS);
  });
}

function milliseconds(pattern: RegExp, probe: string): number {
  const start = performance.now();
  pattern.lastIndex = 0;
  pattern.exec(probe);
  return performance.now() - start;
}
