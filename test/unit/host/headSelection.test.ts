import { describe, expect, it } from "vitest";
import {
  choiceName,
  firstSelection,
  fitSelection,
  stepHead,
  stepLayer,
} from "../../../src/host/headSelection";
import { runOf } from "./fakeEngine";

const run = runOf("r", "a b c", 2, 3);
const at = (layer: number | "all", head: number | "mean" | "max") => ({
  block: "decoder" as const,
  layer,
  head,
});

describe("stepping through heads", () => {
  it.each([
    [at(0, 0), 1, at(0, 1)],
    [at(0, 2), 1, at(0, 0)],
    [at(1, 0), -1, at(1, 2)],
    [at(1, "mean"), 1, at(1, 0)],
    [at("all", "mean"), 1, at(0, 0)],
  ] as const)("goes round within the layer: %j by %i", (from, by, to) => {
    expect(stepHead(run, from, by)).toEqual(to);
  });

  it.each([
    [at(0, 2), 1, at(1, 2)],
    [at(1, 2), 1, at(0, 2)],
    [at(0, "mean"), -1, at(1, "mean")],
    [at("all", "mean"), 1, at(0, 0)],
  ] as const)("goes round through the layers with the same head: %j by %i", (from, by, to) => {
    expect(stepLayer(run, from, by)).toEqual(to);
  });
});

describe("a selection that meets another run", () => {
  const selection = { view: "head" as const, choice: at(7, 11), measure: "weights" as const, query: 9 };

  it("keeps its view, takes the nearest head there is, and lets go of a query that is not there", () => {
    expect(fitSelection(run, selection)).toEqual({ view: "head", choice: at(1, 2), measure: "weights" });
  });

  it("stays as it is where everything is there", () => {
    const fitting = { ...selection, choice: at(1, 1), query: 2 };
    expect(fitSelection(run, fitting)).toEqual(fitting);
  });

  it("takes the first block where its own is missing", () => {
    const cross = { ...selection, choice: { block: "cross" as const, layer: 0, head: 0 } };
    expect(fitSelection(run, cross).choice).toEqual(firstSelection(run).choice);
  });

  it("is named as the views name it", () => {
    expect([at(3, 1), at(3, "mean"), at("all", "max")].map((choice) => choiceName(choice))).toEqual([
      "L3 H1",
      "L3 mean",
      "all layers max",
    ]);
  });
});
