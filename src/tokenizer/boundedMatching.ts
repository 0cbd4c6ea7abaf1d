import { EmulatedRegExp } from "oniguruma-to-es";
import { refusedPattern } from "./errors";
import { stretchesOf, type Search, type Stretch } from "./splits";

/** A pattern of a file as a global expression, and how it was written there. */
export interface FilePattern {
  readonly expression: RegExp;
  readonly source: string;
  /** The longest text that it may be tried on, in UTF-16 units. */
  readonly maxLength: number;
}

/**
 * Stretches of a text by a pattern that nobody has vouched for. In a long text it is tried position by position, and
 * the clock is looked at between them: a search from all positions is one call that nothing can stop.
 */
export function boundedStretchesOf(text: string, pattern: FilePattern, invert = false): Stretch[] {
  if (text.length > pattern.maxLength) {
    throw refusedPattern(pattern.source, `could need minutes for a text of ${text.length} characters`);
  }
  if (text.length <= SHORT) return stretchesOf(text, pattern.expression, invert);
  return stretchesOf(text, new PatientSearch(pattern, text.length), invert);
}

/** What may be searched in one call. patternCost.ts lets nothing through that takes 50 ms for a run of twice as many. */
const SHORT = 512;

/** For one text and one pattern. */
const LIMIT_MS = 2_000;

/** Searches as a global expression does, with a limit on the time of all searches together. */
class PatientSearch implements Search {
  lastIndex = 0;
  private readonly atOnePosition: RegExp | null;
  private readonly deadline = performance.now() + LIMIT_MS;

  constructor(
    private readonly pattern: FilePattern,
    private readonly length: number,
  ) {
    this.atOnePosition = atOnePosition(pattern.expression);
  }

  exec(text: string): RegExpExecArray | null {
    if (!this.atOnePosition) return this.next(this.pattern.expression, text);
    for (
      ;
      this.lastIndex <= text.length;
      this.lastIndex += text.codePointAt(this.lastIndex)! > 0xffff ? 2 : 1
    ) {
      const match = this.next(this.atOnePosition, text);
      if (match) return match;
    }
    return null;
  }

  private next(expression: RegExp, text: string): RegExpExecArray | null {
    if (performance.now() > this.deadline) {
      throw refusedPattern(
        this.pattern.source,
        `needs more than ${LIMIT_MS / 1000} s for a text of ${this.length} characters`,
      );
    }
    expression.lastIndex = this.lastIndex;
    const match = expression.exec(text);
    if (match) this.lastIndex = expression.lastIndex;
    return match;
  }
}

/** The same expression at one position; null where it keeps a position of its own (\G). */
export function atOnePosition(expression: RegExp): RegExp | null {
  const keepsPosition = expression instanceof EmulatedRegExp && expression.rawOptions.strategy;
  if (expression.sticky || keepsPosition) return null;
  return new RegExp(expression.source, `${expression.flags.replace("g", "")}y`);
}
