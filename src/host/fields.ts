import { malformedMessage } from "./errors";

/** Readers of `unknown`: each gives the value in its type or throws one malformed-message error that names the field. */

export function record(raw: unknown, what: string): Record<string, unknown> {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) throw bad(what, "an object", raw);
  return raw as Record<string, unknown>;
}

/** A whole number in [least, most]. */
export function integer(raw: unknown, what: string, least = 0, most = Number.MAX_SAFE_INTEGER): number {
  if (!Number.isSafeInteger(raw) || (raw as number) < least || (raw as number) > most)
    throw bad(what, `a whole number from ${least} to ${most}`, raw);
  return raw as number;
}

export function string(raw: unknown, what: string, mostCharacters: number): string {
  if (typeof raw !== "string" || raw.length > mostCharacters)
    throw bad(what, `a string of at most ${mostCharacters} characters`, raw);
  return raw;
}

export function oneOf<const V extends readonly unknown[]>(raw: unknown, what: string, values: V): V[number] {
  if (!values.includes(raw)) throw bad(what, `one of ${values.map(String).join(", ")}`, raw);
  return raw as V[number];
}

/** JSON has no undefined: null counts as absent too. */
export function optional<T>(raw: unknown, read: (raw: unknown) => T): T | undefined {
  return raw === undefined || raw === null ? undefined : read(raw);
}

function bad(what: string, wanted: string, raw: unknown) {
  const got = typeof raw === "string" ? `a string of ${raw.length} characters` : describe(raw);
  return malformedMessage(what, `${what} should be ${wanted}; got ${got}`);
}

function describe(raw: unknown): string {
  if (raw === null || typeof raw !== "object") return String(raw);
  return Array.isArray(raw) ? `an array of ${raw.length}` : "an object";
}
