import { describe, expect, it } from "vitest";
import { describeHead, descriptionText } from "../../../src/core/describeHead";

describe("what a head does in one line", () => {
  const line = (values: Parameters<typeof describeHead>[0]) => {
    const found = describeHead(values);
    return found && [descriptionText(found), found.statistic, found.value];
  };

  it("names the place that gets most, and how sure that is", () => {
    expect(line({ previousToken: 0.8, firstToken: 0.1, entropy: 1 })).toEqual([
      "mostly the token before",
      "previousToken",
      0.8,
    ]);
    expect(line({ previousToken: 0.1, firstToken: 0.3 })).toEqual([
      "partly token 0 (sink)",
      "firstToken",
      0.3,
    ]);
  });

  it("prefers the special place to the general one for equal shares", () => {
    expect(line({ previousToken: 0.6, induction: 0.6 })?.[1]).toBe("induction");
  });

  it("says how spread a head is that favours no place: 3 bits are 8 equal tokens", () => {
    expect(line({ self: 0.1, largest: 0.2, entropy: 3 })).toEqual([
      "spread as over 8 equal tokens; entropy in bits",
      "entropy",
      3,
    ]);
    expect(line({ self: 0.1, largest: 0.7, entropy: 1 })?.[1]).toBe("largest");
  });

  it("says nothing without figures", () => {
    expect(line({})).toBeUndefined();
  });
});
