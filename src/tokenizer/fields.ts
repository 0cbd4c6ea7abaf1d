import { malformedTokenizer } from "./errors";

/** One object of a tokenizer file, read field by field; each wrong kind is one error that names its place. */
export class Fields {
  private constructor(
    private readonly values: Readonly<Record<string, unknown>>,
    readonly where: string,
  ) {}

  static of(value: unknown, where: string): Fields {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw malformedTokenizer(where, `is ${kindOf(value)}, not an object`);
    }
    return new Fields(value as Record<string, unknown>, where);
  }

  /** The own value of a field; undefined where it is absent or null. */
  get(name: string): unknown {
    const value = Object.hasOwn(this.values, name) ? this.values[name] : undefined;
    return value === null ? undefined : value;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  entries(): [string, unknown][] {
    return Object.entries(this.values);
  }

  string(name: string, fallback?: string): string {
    const value = this.get(name) ?? fallback;
    if (typeof value !== "string") throw this.wrong(name, "a string");
    return value;
  }

  /** A string that is written once for each match or text, so that it must not be long. */
  shortString(name: string, fallback?: string): string {
    const value = this.string(name, fallback);
    if (value.length > MAX_SHORT) throw this.wrong(name, `${MAX_SHORT} characters at most`);
    return value;
  }

  boolean(name: string, fallback?: boolean): boolean {
    const value = this.get(name) ?? fallback;
    if (typeof value !== "boolean") throw this.wrong(name, "true or false");
    return value;
  }

  /** A whole number from 0 to 2^32 - 1. */
  count(name: string, fallback?: number): number {
    const value = this.get(name) ?? fallback;
    if (!isCount(value)) throw this.wrong(name, "a whole number");
    return value;
  }

  array(name: string): readonly unknown[] {
    const value = this.get(name);
    if (!Array.isArray(value)) throw this.wrong(name, "a list");
    return value;
  }

  object(name: string): Fields {
    return Fields.of(this.get(name), `${this.where}.${name}`);
  }

  wrong(name: string, expected: string): Error {
    const value = this.get(name);
    const problem = value === undefined ? "is missing" : `is ${kindOf(value)}, not ${expected}`;
    return malformedTokenizer(`${this.where}.${name}`, problem);
  }
}

const MAX_SHORT = 1000;

export function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 32;
}

function kindOf(value: unknown): string {
  if (value === undefined) return "missing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  return `the ${typeof value} ${JSON.stringify(value).slice(0, 40)}`;
}
