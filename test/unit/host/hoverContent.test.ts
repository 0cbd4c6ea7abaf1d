import { describe, expect, it } from "vitest";
import {
  hoverContent,
  staleHover,
  strongest,
  tokensAt,
  type HoverLinks,
} from "../../../src/host/hoverContent";
import { markdownText, visibleToken } from "../../../src/host/markdownText";
import { weightBar, weightText } from "../../../src/host/weightText";
import { runOf } from "./fakeEngine";
import { english } from "./english";

const links: HoverLinks = {
  openHead: ({ layer, head }, query) => `command:open?${layer}.${head}.${query}`,
  makeQuery: (index) => `command:query?${index}`,
  runAgain: () => "command:again",
};

describe("a hover on a token", () => {
  const run = runOf("r1", "I saw a | saw");
  const row = new Float32Array([0.5, 0.0004, 0.3, 0.1996, 0]);
  const content = hoverContent(
    {
      run,
      block: run.blocks[0]!,
      index: 3,
      choice: { block: "decoder", layer: 1, head: 2 },
      measure: "weights",
      row: { chosen: row, mean: new Float32Array([0, 0, 0, 1, 0]) },
      heads: [
        { address: { block: "decoder", layer: 0, head: 1 }, weight: 0.4 },
        { address: { block: "decoder", layer: 1, head: 0 }, weight: 0.0002 },
      ],
      predictions: [
        { id: 1, text: " *b*", probability: 0.891 },
        { id: 2, text: "\n", probability: 0.0001 },
      ],
    },
    links,
    english,
  );

  it("lists the strongest keys of the head and of the mean, strongest first, without the masked ones", () => {
    const rows = content.split("\n").filter((line) => line.startsWith("| ") && line.includes("("));
    expect(rows.map((line) => line.split(" | ").map((cell) => cell.replace(/^\| | \|$/g, "")))).toEqual([
      ["I (0)", "0.500 ██▌", "·&#124; (3)", "1.00 █████"],
      ["·a (2)", "0.300 █▌", "", ""],
      ["·&#124; (3)", "0.200 █", "", ""],
      ["·saw (1)", "&lt;0.001 ▏", "", ""],
    ]);
  });

  it("names the likely next tokens and links to the head and the query", () => {
    expect(content).toContain("next: **·&#42;b&#42;** 0.891 · **⏎** &lt;0.001");
    expect(content).toContain("[Open L1 H2](command:open?1.2.3)");
    expect(content).toContain("(command:query?3)");
  });

  it("names the heads for which the token matters most, each with a link", () => {
    expect(content).toContain(
      "matters most to: [L0 H1](command:open?0.1.3) 0.400 · [L1 H0](command:open?1.0.3) &lt;0.001",
    );
  });

  it("says only that it is stale, and the way on, where the text has changed", () => {
    expect(staleHover(links, english)).toMatch(/changed.*\[Run again\]\(command:again\)$/);
  });
});

describe("text as Markdown", () => {
  it.each([
    "**x**",
    "`a`",
    "<b onclick=x>",
    "[l](http://x)",
    "a|b",
    "&lt;",
    "# h",
    "1. x",
    "https://x.org",
    "~~s~~",
    "\\*",
  ])("has nothing left that Markdown or HTML would read: %s", (text) => {
    const escaped = markdownText(text);
    const rest = escaped.replace(/&#\d+;/g, "");
    expect(rest).toMatch(/^[\p{L}\p{N}\s]*$/u);
    const back = escaped.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
    expect(back).toBe(text);
  });

  it("makes white space and marks of direction visible, and shortens by characters", () => {
    expect(visibleToken(" a\tb\r\n")).toBe("·a⇥b␍⏎");
    expect(visibleToken("\u202eabc")).toBe("<202e>abc");
    expect(visibleToken("😀".repeat(30), 3)).toBe("😀😀😀…");
  });
});

describe("a weight", () => {
  // Three significant digits; what is not zero is never written as zero (the interface's rule for tables).
  it.each([
    [0, "0", ""],
    [1e-9, "<0.001", "▏"],
    [0.001, "0.00100", "▏"],
    [0.41321, "0.413", "██▏"],
    [0.99949, "0.999", "█████"],
    [0.9996, "1.00", "█████"],
  ])("of %f reads %s", (weight, text, bar) => {
    expect([weightText(weight), weightBar(weight)]).toEqual([text, bar]);
  });
});

describe("finding tokens", () => {
  it("gives all tokens that share a split character, and none where there is no span", () => {
    const token = (start: number, end: number) => ({
      id: 0,
      text: "",
      piece: "",
      start,
      end,
      special: false,
    });
    const tokens = [token(-1, -1), token(0, 2), token(0, 2), token(2, 5)];
    expect(tokensAt(tokens, 1)).toEqual([1, 2]);
    expect(tokensAt(tokens, 2)).toEqual([3]);
    expect(tokensAt(tokens, 5)).toEqual([]);
  });

  it("orders by weight and leaves out zeros", () => {
    expect(strongest(new Float32Array([0, 0.2, 0, 0.8]), 5)).toEqual([3, 1]);
  });
});
