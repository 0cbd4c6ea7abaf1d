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

  it("prefers a place that all queries have to one that some have, unless that gets clearly more", () => {
    // A head that looks at the token before finds in it the other half of a word that was cut in two.
    expect(line({ previousToken: 0.99, sameWord: 1 })?.[1]).toBe("previousToken");
    expect(line({ previousToken: 0.6, induction: 0.65 })?.[1]).toBe("previousToken");
    expect(line({ previousToken: 0.6, induction: 0.75 })?.[1]).toBe("induction");
    expect(line({ induction: 0.5, bracket: 0.51 })?.[1]).toBe("bracket");
  });

  it("says how spread a head is that favours no place: 3 bits are 8 equal tokens", () => {
    expect(line({ self: 0.1, largest: 0.2, entropy: 3 })).toEqual([
      "spread as over 8 equal tokens; entropy in bits",
      "entropy",
      3,
    ]);
    expect(line({ self: 0.1, largest: 0.7, entropy: 1 })?.[1]).toBe("largest");
  });

  it("names no place that a head which looks at all tokens alike would give as much", () => {
    // Of a text that is 43 % punctuation: the share says nothing, the way beyond it does.
    const uniform = { delimiter: 0.43, sameWord: 0.02 };
    const spread = { delimiter: 0.42, sameWord: 0.1, largest: 0.2, entropy: 4 };
    expect(describeHead(spread, uniform)?.what).toBe("spread");
    expect(describeHead({ delimiter: 0.43, sameWord: 0.41 }, uniform)).toEqual({
      how: "partly",
      what: "sameWord",
      statistic: "sameWord",
      value: 0.41,
      uniform: 0.02,
    });
    // Half of the way from 0.43 to 1 is 0.715.
    expect(describeHead({ delimiter: 0.72 }, uniform)?.how).toBe("mostly");
    expect(describeHead({ delimiter: 0.71 }, uniform)?.how).toBe("partly");
  });

  it("takes a uniform head for what it is", () => {
    const uniform = { delimiter: 0.43, firstToken: 0.02 };
    expect(describeHead({ ...uniform, largest: 0.1, entropy: 5 }, uniform)?.what).toBe("spread");
  });

  it("names the field of a date that a cross-attention head finds", () => {
    // As the probe of dates-2x4 has it; a correlation is no share.
    expect(line({ year: 0.99, month: 0.1, copied: 0.4, monotonic: 1 })?.[0]).toBe(
      "mostly the year in the source",
    );
  });

  it("says nothing without figures", () => {
    expect(line({})).toBeUndefined();
  });
});
