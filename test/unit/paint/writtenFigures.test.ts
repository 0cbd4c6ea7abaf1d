import { describe, expect, it } from "vitest";
import { lensFigure } from "../../../src/paint/lensFigure";
import { matricesFigure } from "../../../src/paint/matricesFigure";

const encodeImage = () => "data:image/png;base64,";
const panel = {
  title: "Cross-attention",
  rowLabels: ["<b>", "2"],
  columnLabels: ["x", "y", "z"],
  data: Float32Array.of(1, 0, 0, 0, 0.5, 0.5),
};
const count = (text: string, pattern: RegExp) => text.match(pattern)?.length ?? 0;

describe("matrices side by side as a figure", () => {
  const figure = matricesFigure({
    title: "Attention",
    subtitles: ["input: a & b"],
    panels: [
      { ...panel, notes: ["writes <2>"] },
      { ...panel, title: "Decoder", isVisible: (row, column) => column <= row },
    ],
    squareRoot: true,
    encodeImage,
  });

  it("label rows and columns of each, with every text escaped", () => {
    expect(count(figure, />&lt;b&gt;</g)).toBe(2);
    expect(count(figure, />z</g)).toBe(2);
    expect(figure).toContain("input: a &amp; b");
    expect(figure).toContain("writes &lt;2&gt;");
    expect(figure).not.toContain("<b>");
  });

  it("hatch what is masked, and say so in the legend", () => {
    expect(figure).toContain('fill="url(#masked-');
    expect(figure).toContain("masked");
    const whole = matricesFigure({
      title: "",
      subtitles: [],
      panels: [panel],
      squareRoot: true,
      encodeImage,
    });
    expect(whole).not.toContain('fill="url(#masked-');
  });

  it("stand beside each other without touching, inside the picture", () => {
    const width = Number(/^<svg[^>]* width="(\d+)"/.exec(figure)![1]);
    const frames = [
      ...figure.matchAll(/<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="[\d.]+" fill="none"/g),
    ];
    const [first, second] = frames.map(([, x, , w]) => ({ left: Number(x), right: Number(x) + Number(w) }));
    expect(second!.left).toBeGreaterThan(first!.right);
    expect(second!.right).toBeLessThan(width);
  });
});

describe("the logit lens as a figure", () => {
  const figure = lensFigure({
    title: "Lens",
    rowLabels: ["embedding", "layer 0"],
    columnLabels: ["a", "b"],
    cells: [
      { label: "<s>", probability: 1 },
      { label: "·the", probability: 0.2 },
      { label: "x", probability: NaN },
      { label: "a very long token indeed", probability: 0 },
    ],
  });

  it("writes each cell's token, shortened where it is long", () => {
    expect(figure).toContain(">&lt;s&gt;<");
    expect(figure).toContain(">·the<");
    expect(figure).toContain(">a very lon…<");
    expect(count(figure, /width="76" height="22"/g)).toBe(4);
  });

  it("has no colour that is none, even where a probability is not a number", () => {
    expect(figure).not.toContain("NaN");
  });
});
