import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  alignBySpans,
  alignByText,
  groupWeights,
  type AlignedGroup,
} from "../../../../src/core/compare/alignment";
import type { Token } from "../../../../src/core/token";
import { expectClose, toTensor } from "../golden";

/** Tokens of a text cut at "|"; "[CLS]" and the like are special and have no span. */
function tokens(cut: string): Token[] {
  let offset = 0;
  return cut.split("|").map((text, id) => {
    const special = /^\[[A-Z]+\]$/.test(text);
    const start = special ? -1 : offset;
    if (!special) offset += text.length;
    return { id, text, piece: text, start, end: special ? -1 : offset, special };
  });
}

/** "a=a" for a pair, "a|b=ab" for groups, "-" for no partner. */
function written(groups: readonly AlignedGroup[], a: Token[], b: Token[]): string[] {
  const join = (side: Token[], start: number, end: number) =>
    side.slice(start, end).map((token) => token.text).join("|") || "-"; // prettier-ignore
  return groups.map((group) => `${join(a, group.aStart, group.aEnd)}=${join(b, group.bStart, group.bEnd)}`);
}

describe("two texts of one model are aligned by their tokens", () => {
  it.each([
    ["nothing changed", "I| saw", "I| saw", ["I=I", " saw= saw"]],
    ["a token added", "I| saw", "I| never| saw", ["I=I", "-= never", " saw= saw"]],
    ["a token replaced", "I| saw| it", "I| see| it", ["I=I", " saw=-", "-= see", " it= it"]],
    ["the longest common part wins", "a|b|c|a|b|b|a", "c|b|a|b|a|c", undefined],
    ["one side empty of common tokens", "x", "y|z", ["x=-", "-=y", "-=z"]],
  ])("%s", (_name, left, right, expected) => {
    const [a, b] = [tokens(left), tokens(right)];
    const groups = alignByText(a, b);
    if (expected) expect(written(groups, a, b)).toEqual(expected);
    // Myers 1986, figure 1: the shortest edit of abcabba and cbabac has 5 steps, so 4 tokens are common.
    else expect(groups.filter((g) => g.aEnd > g.aStart && g.bEnd > g.bStart)).toHaveLength(4);
  });

  it("takes each token exactly once, in order, and pairs equal texts only", () => {
    const text = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 12 });
    fc.assert(
      fc.property(text, text, (left, right) => {
        const make = (texts: string[]) => texts.map((each) => ({ ...tokens("x")[0]!, text: each }));
        const [a, b] = [make(left), make(right)];
        let [i, j] = [0, 0];
        for (const group of alignByText(a, b)) {
          expect([group.aStart, group.bStart]).toEqual([i, j]);
          [i, j] = [group.aEnd, group.bEnd];
          if (group.aEnd > group.aStart && group.bEnd > group.bStart)
            expect(a[i - 1]!.text).toBe(b[j - 1]!.text);
        }
        expect([i, j]).toEqual([left.length, right.length]);
      }),
    );
  });
});

describe("two tokenizers' tokens of one text are aligned by their places", () => {
  it.each([
    ["same cuts", "play|ing", "play|ing", ["play=play", "ing=ing"]],
    ["one is finer", "playing| now", "play|ing| now", ["playing=play|ing", " now= now"]],
    ["cuts that cross", "ab|cd", "a|bc|d", ["ab|cd=a|bc|d"]],
    ["special tokens stand alone", "[CLS]|play|[SEP]", "pl|ay", ["[CLS]=-", "play=pl|ay", "[SEP]=-"]],
  ])("%s", (_name, left, right, expected) => {
    const [a, b] = [tokens(left), tokens(right)];
    expect(written(alignBySpans(a, b), a, b)).toEqual(expected);
  });

  it("leaves text that one of them drops without a partner", () => {
    const a = tokens("a| |b");
    const b = [a[0]!, a[2]!];
    expect(written(alignBySpans(a, b), a, b)).toEqual(["a=a", " =-", "b=b"]);
  });

  it("keeps tokens that share one character's span together", () => {
    const a = tokens("é");
    const b = [a[0]!, a[0]!];
    expect(written(alignBySpans(a, b), a, b)).toEqual(["é=é|é"]);
  });
});

describe("weights between groups", () => {
  it("are summed over keys and meant over queries, so rows sum to 1", () => {
    const weights = toTensor([[0.5, 0.25, 0.25], [0, 1, 0], [0.25, 0.25, 0.5]]); // prettier-ignore
    const groups = [[0, 2], [2, 3], [3, 3]] as const; // prettier-ignore
    expectClose(groupWeights(weights, groups, groups.slice(0, 2)), [[0.875, 0.125], [0.5, 0.5], [0, 0]]); // prettier-ignore
  });
});
