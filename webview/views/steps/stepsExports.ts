import type { Steps } from "../../../src/core/steps";
import type { Tensor } from "../../../src/core/tensor";
import type { AdditionsSlice, ProjectionSlice } from "../../../src/protocol/projection";
import { quantise } from "../../../src/paint/heatmap";
import { scoreScale, weightScale, type Scale } from "../../../src/paint/scale";
import type { Colours } from "../../parts/colours";
import type { Exported, ExportedAxis, ExportedMatrix } from "../../parts/panelExports";
import type { Flow } from "./queryFlow";
import type { StageMatrix } from "./stageMatrices";

/** What the axes of Steps are called and stand for. */
export interface StepsAxes {
  readonly query: (cells: number) => ExportedAxis;
  readonly key: (cells: number) => ExportedAxis;
}

/** One query through the stages: a matrix for each column of the table. */
export function exportedFlow(
  flow: Flow,
  checks: Steps["checks"],
  { weights: ramp, signed }: Colours,
  axes: StepsAxes,
  what: string,
  formula: string,
): Exported {
  const key = axes.key(flow.keys.length);
  const column = (title: string, values: Float32Array | undefined, isWeights = false) => {
    if (!values) return [];
    const isVisible = (row: number) => flow.visible(row);
    const scale: Scale = isWeights ? weightScale(true) : scoreScale(values, isVisible);
    const cells = quantise(values, values.length, 1, scale, isVisible);
    const panel: ExportedMatrix = {
      title,
      rows: key,
      columns: { name: "value" },
      values,
      cells,
      scale,
      ramp: isWeights ? ramp : signed,
    };
    return [panel];
  };
  const terms = flow.isAdditive ? "v ∘ tanh" : "q ∘ k";
  const panels: ExportedMatrix[] = [
    ...matrix(terms, flow.terms?.tensor, key, signed, true),
    ...column(flow.isAdditive ? "vᵀ tanh" : "q · k", flow.product),
    ...column("scaled", flow.scaled),
    ...(flow.biasKind === "relative" || flow.biasKind === "other" ? column("bias", flow.bias) : []),
    ...column("score", flow.scores),
    ...column("weight", flow.weights, true),
    ...matrix("weight × v", flow.values?.tensor, key, signed),
    ...matrix("output", flow.output?.tensor, { name: "head" }, signed),
  ];
  return { what, formula, panels, facts: { query: flow.query, checks } };
}

/** All queries: the pictures as they are shown. */
export function exportedMatrices(
  matrices: readonly StageMatrix[],
  { weights, signed }: Colours,
  axes: StepsAxes,
  formula: string,
): Exported {
  return {
    what: "Steps, all queries",
    formula,
    facts: {
      checks: Object.fromEntries(matrices.flatMap(({ title, check }) => (check ? [[title, check]] : []))),
    },
    panels: matrices.map((each) => ({
      title: each.title,
      rows: each.rows === "query" ? axes.query(each.cells.rows) : axes.key(each.cells.rows),
      columns: each.columns === "key" ? axes.key(each.cells.columns) : { name: "dimension" },
      values: each.tensor.data,
      cells: each.cells,
      scale: each.scale,
      ramp: each.isWeights ? weights : signed,
      ...(each.isMask && { isMask: true }),
    })),
  };
}

/** The heads' outputs for one query. */
export function exportedHeads(outputs: Tensor, colours: Colours, what: string): Exported {
  return { what, panels: matrix("outputs of the heads", outputs, { name: "head" }, colours.signed, true) };
}

/** W_O and the residual stream for one query. */
export function exportedProjection(slice: ProjectionSlice, { signed }: Colours, what: string): Exported {
  const { concat, head, heads, contributions, firstHead, weights, checks, around } = slice;
  const dHead = concat.dims[1] ?? 0;
  const row = (title: string, data: Float32Array | undefined) =>
    matrix(title, data && { dims: [1, data.length], data }, { name: "vector" }, signed);
  const columnOf = (title: string, values: readonly (number | undefined)[]) =>
    values.some((value) => value === undefined)
      ? []
      : matrix(
          title,
          { dims: [values.length, 1], data: Float32Array.from(values as number[]) },
          { name: "head", label: (i) => `H${i}` },
          signed,
          true,
          title.startsWith("cos") ? { kind: "signed", max: 1 } : undefined,
        );
  return {
    what,
    formula: "x + Σ_h z_h W_O,h + b_O",
    facts: { query: slice.query, head, heads, checks, around },
    panels: [
      ...row(`z of head ${head}`, concat.data.slice(head * dHead, (head + 1) * dHead)),
      ...matrix(`W_O, rows of head ${head}`, weights, { name: "dimension of z" }, signed),
      ...matrix(
        "what each head adds",
        contributions,
        { name: "head", index: (i) => i + firstHead, label: (i) => `H${i + firstHead}` },
        signed,
        true,
      ),
      ...columnOf(
        "length",
        heads.map(({ norm }) => norm),
      ),
      ...columnOf(
        "cos Σ",
        heads.map(({ withSum }) => withSum),
      ),
      ...columnOf(
        "cos x",
        heads.map(({ withResidual }) => withResidual),
      ),
      ...row("Σ heads", slice.sum),
      ...row("b_O", slice.bias),
      ...(slice.bias ? row("attention", slice.output) : []),
      ...row("x before", slice.before),
      ...row("x after", slice.after),
    ],
  };
}

/** Lengths and directions of what each head adds, for all queries. */
export function exportedAdditions(slice: AdditionsSlice, nHeads: number, { signed }: Colours): Exported {
  const of = (title: string, data: Float32Array | undefined) =>
    matrix(
      title,
      data && { dims: [slice.queries.length, nHeads], data },
      { name: "query", index: (i) => slice.queries[i] ?? i },
      signed,
    ).map((panel) => ({ ...panel, columns: { name: "head" } }));
  return {
    what: "What each head adds, all queries",
    panels: [...of("length", slice.norms), ...of("cos Σ", slice.withSum), ...of("cos x", slice.withResidual)],
  };
}

function matrix(
  title: string,
  tensor: Tensor | undefined,
  rows: ExportedAxis,
  ramp: Colours["signed"],
  showsRows = false,
  given?: Scale,
): ExportedMatrix[] {
  if (!tensor) return [];
  const [nRows = 0, nColumns = 0] = tensor.dims;
  const scale = given ?? scoreScale(tensor.data, () => true);
  const cells = quantise(tensor.data, nRows, nColumns, scale, () => true);
  const columns = { name: nColumns === 1 ? "value" : "dimension" };
  return [{ title, rows, columns, values: tensor.data, cells, scale, ramp, ...(showsRows && { showsRows }) }];
}
