import { describe, expect, it } from "vitest";
import { windowsOf } from "../../../src/core/windows";
import { hiddenBecause } from "../../../webview/state/readout";

const windows = windowsOf({ nTokens: 1000, length: 400, nBefore: 0, nAfter: 0, isCausal: true });

describe("why a cell shows no weight", () => {
  it.each([
    [10, 20, "masked"],
    [450, 500, "masked"],
    [450, 100, "not computed: outside window 2 of 4, tokens 200 to 599"],
    [999, 0, "not computed: outside window 4 of 4, tokens 600 to 999"],
  ])("query %i, key %i: %s", (query, key, why) => {
    expect(hiddenBecause(query, key, windows)).toBe(why);
  });

  it("is the mask alone where the text was run at once", () => {
    expect(hiddenBecause(999, 0)).toBe("masked");
  });
});
