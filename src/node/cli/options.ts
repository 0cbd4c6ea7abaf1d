import { parseArgs, type ParseArgsConfig } from "node:util";
import { UsageError } from "./usage";

type OptionKinds = NonNullable<ParseArgsConfig["options"]>;

/** Arguments by node's parser, strictly; what it refuses is wrong usage. */
export function parseOptions<T extends OptionKinds>(
  args: string[],
  options: T,
  positionals = 0,
): ReturnType<typeof parseArgs<{ args: string[]; options: T; allowPositionals: boolean; strict: true }>> {
  try {
    const parsed = parseArgs({ args, options, allowPositionals: positionals > 0, strict: true });
    if (parsed.positionals.length > positionals) {
      throw new UsageError(`"${parsed.positionals[positionals]}" is one argument too many.`);
    }
    return parsed;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(message.split("\n")[0]!.replace(/([^.])$/, "$1."));
  }
}

/** "0,2" as whole numbers from 0. */
export function parseNumbers(option: string, value: string): number[] {
  const parts = value.split(",").map((part) => part.trim());
  if (!parts.every((part) => /^\d{1,15}$/.test(part))) {
    throw new UsageError(
      `${option} takes whole numbers with commas between them, not "${value.slice(0, 80)}".`,
    );
  }
  return parts.map(Number);
}

/** Exactly one of the named options must be there (or none, where `atLeast` is 0). */
export function oneOf(
  values: Readonly<Record<string, unknown>>,
  names: readonly string[],
  atLeast = 1,
): void {
  const given = names.filter((name) => values[name] !== undefined);
  const list = names.map((name) => `--${name}`).join(", ");
  if (given.length > 1) throw new UsageError(`Only one of ${list} can be given.`);
  if (given.length < atLeast) throw new UsageError(`One of ${list} is needed.`);
}
