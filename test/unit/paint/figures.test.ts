import { expect, test } from "vitest";
import { headFigure, type HeadFigure } from "../../../src/paint/headFigure";
import { overviewFigure } from "../../../src/paint/overviewFigure";
import { thumbnailBytes } from "../../../src/paint/thumbnail";
import { maskRule } from "../../../src/core/maskRule";

const causal = maskRule({ kind: "causal" })!;
const encodeImage = ({ width, height }: { width: number; height: number }) =>
  `data:picture,${width}x${height}`;
const small: HeadFigure = {
  title: "Layer 0, head 1",
  subtitle: "a <b> & \u0000",
  queryLabels: ["·I", "<s>", "saw"],
  keyLabels: ["·I", "<s>", "saw"],
  data: Float32Array.of(1, 0, 0, 0.5, 0.5, 0, 0.2, 0.3, 0.5),
  measure: "weights",
  isVisible: causal,
  encodeImage,
};
const fills = (svg: string) => [...svg.matchAll(/<path fill="([^"]+)"/g)].map(([, fill]) => fill);

test("draws one path for each distinct weight and hatches the masked cells", () => {
  expect(new Set(fills(headFigure(small)))).toHaveLength(5);
  expect(fills(headFigure(small))).toContain("url(#masked-ffffff)");
  expect(headFigure(small)).toContain(">masked<");
  expect(headFigure({ ...small, isVisible: undefined })).not.toContain(">masked<");
});

test("escapes tokens and titles, and drops what XML forbids", () => {
  const svg = headFigure(small);
  expect(svg).toContain("&lt;s&gt;");
  expect(svg).toContain("a &lt;b&gt; &amp; \ufffd");
});

test("marks what is not a number and says so in the legend", () => {
  const svg = headFigure({ ...small, data: Float32Array.of(1, 0, 0, NaN, 0.5, 0, 0.2, 0.3, 0.5) });
  expect(fills(svg)).toContain("url(#not-a-number-ffffff)");
  expect(svg).toContain(">not a number<");
});

test("becomes a picture with every nth label when there are more cells than paths can carry", () => {
  const labels = Array.from({ length: 200 }, (_, index) => `t${index}`);
  const svg = headFigure({
    ...small,
    queryLabels: labels,
    keyLabels: labels,
    data: new Float32Array(40_000),
  });
  expect(svg).toContain('href="data:picture,1600x1600"');
  expect(svg).toContain(">t195<");
  expect(svg).not.toContain(">t196<");
});

test("shows scores about zero", () => {
  const svg = headFigure({ ...small, measure: "scores", data: small.data.map((value) => value - 0.4) });
  expect(svg).toContain("score before softmax");
  expect(svg).toContain("−0.6");
});

test("draws every head and the means, labelled", () => {
  const thumbnails = {
    rows: 2,
    columns: 2,
    data: thumbnailBytes(Float32Array.of(1, 0, 0.5, 0.5, 1, 0, 0.1, 0.9)),
  };
  const layers = [{ layer: 4, nHeads: 2 }];
  const svg = overviewFigure({ title: "m", layers, thumbnails, encodeImage });
  expect(svg.match(/<image/g)).toHaveLength(2);
  expect(svg).toContain(">L4<");
  const withMeans = overviewFigure({
    title: "m",
    layers,
    thumbnails,
    means: [thumbnails.data.subarray(0, 4)],
    isVisible: (_, row, column) => causal(row, column),
    encodeImage,
  });
  expect(withMeans.match(/<image/g)).toHaveLength(3);
  expect(withMeans).toContain(">masked<");
});
