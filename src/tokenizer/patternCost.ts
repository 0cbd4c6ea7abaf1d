/**
 * Whether some run of at most 32 characters, which the pattern cannot match to its end, takes millions of steps, as it
 * does where they double with every character or two. Only the runs that are likely are tried: what is missed here is
 * ended while it runs (Platform.bounded). Steps are measured against this machine's own pace, so that a slow one
 * refuses nothing more.
 */
export function isExponential(pattern: RegExp, source: string): boolean {
  const units = unitsOf(source);
  const letters = units.filter((unit) => /[\p{L}\p{N}\s]/u.test(unit)).slice(0, MAX_LETTERS);
  const pairs = letters.flatMap((first) =>
    letters.filter((second) => second !== first).map((second) => first + second),
  );
  return (
    [...units, ...pairs].some((unit) => explodes(pattern, "", unit)) ||
    prefixesOf(source).some((prefix) =>
      units.slice(0, MAX_UNITS).some((unit) => explodes(pattern, prefix, unit)),
    )
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

const MAX_LETTERS = 12;
const MAX_PREFIXES = 4;
const MAX_UNITS = 10;
const LONGEST = 32;
/** Of the measured steps that a run may take; one of 32 that takes the sixth power of its length needs 10 of them. */
const REFERENCES = 64;

function explodes(pattern: RegExp, prefix: string, unit: string): boolean {
  const limitMs = REFERENCES * referenceMs();
  for (let length = 1; length <= LONGEST; length++) {
    // NUL ends a probe: few patterns match it.
    const probe = `${prefix}${unit.repeat(length)}\0`;
    // The shortest of three, so that a busy machine is not taken for a slow pattern.
    if ([0, 0, 0].every(() => milliseconds(pattern, probe) > limitMs)) return true;
  }
  return false;
}

/** What 2^18 ways to fail take here (0.7 ms where this was written), as measured when first asked for. */
function referenceMs(): number {
  const probe = "a".repeat(18);
  reference ??= Math.min(...[0, 0, 0, 0, 0].map(() => milliseconds(/^(?:a|a)*b/g, probe)));
  return reference;
}

let reference: number | undefined;

function milliseconds(pattern: RegExp, probe: string): number {
  const start = performance.now();
  pattern.lastIndex = 0;
  pattern.exec(probe);
  return performance.now() - start;
}
