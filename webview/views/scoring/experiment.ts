import { signal, type ReadonlySignal } from "@preact/signals-core";
import {
  dimensionsUpTo,
  EXPERIMENT_DIMENSIONS,
  scaleExperimentOfRun,
  scaleExperimentRandom,
  type ScalePoint,
  type SoftmaxState,
} from "../../../src/core/scoring/scaleExperiment";
import type { Tensor } from "../../../src/core/tensor";
import type { Chart, ChartSeries } from "../../../src/paint/chart";

/** The points that are there so far, by rising d_k. */
export interface Experiment {
  readonly random: ReadonlySignal<readonly ScalePoint[]>;
  readonly ofRun: ReadonlySignal<readonly ScalePoint[]>;
  /** Draws random q and k anew from this seed. */
  draw(seed: number): void;
  /** Takes a run's vectors, or none. */
  take(vectors: { readonly q: Tensor; readonly k: Tensor } | undefined): void;
  stop(): void;
}

/** One d_k per task, so that the page stays free: d_k = 1,024 took 15 ms when measured. */
export function createExperiment(): Experiment {
  const random = signal<readonly ScalePoint[]>([]);
  const ofRun = signal<readonly ScalePoint[]>([]);
  let randomTimer: ReturnType<typeof setTimeout> | undefined;
  let runTimer: ReturnType<typeof setTimeout> | undefined;
  return {
    random,
    ofRun,
    draw(seed) {
      clearTimeout(randomTimer);
      const points: ScalePoint[] = [];
      const next = () => {
        const dKey = EXPERIMENT_DIMENSIONS[points.length];
        if (dKey === undefined) {
          random.value = points;
          return;
        }
        points.push(scaleExperimentRandom(dKey, { seed }));
        randomTimer = setTimeout(next);
      };
      next();
    },
    take(vectors) {
      clearTimeout(runTimer);
      if (!vectors) {
        ofRun.value = [];
        return;
      }
      const { q, k } = sampled(vectors);
      const points: ScalePoint[] = [];
      const all = dimensionsUpTo(q.dims[1] ?? 0);
      const next = () => {
        const dKey = all[points.length];
        if (dKey === undefined) {
          ofRun.value = points;
          return;
        }
        points.push(scaleExperimentOfRun(q, k, dKey));
        runTimer = setTimeout(next);
      };
      next();
    },
    stop() {
      clearTimeout(randomTimer);
      clearTimeout(runTimer);
    },
  };
}

/** Of a long text, so many rows evenly spread: the cost grows with their square. */
const MOST_ROWS = 128;

function sampled({ q, k }: { q: Tensor; k: Tensor }) {
  return { q: spread(q), k: spread(k) };
}

function spread({ dims, data }: Tensor): Tensor {
  const [rows = 0, d = 0] = dims;
  if (rows <= MOST_ROWS) return { dims, data };
  const taken = new Float32Array(MOST_ROWS * d);
  for (let i = 0; i < MOST_ROWS; i++) {
    const row = Math.round((i * (rows - 1)) / (MOST_ROWS - 1));
    taken.set(data.subarray(row * d, (row + 1) * d), i * d);
  }
  return { dims: [MOST_ROWS, d], data: taken };
}

export interface ExperimentChart extends Chart {
  readonly title: string;
}

/** Four measures of the same softmax over d_k: without the scale and with it, random and of the run. */
export function experimentCharts(
  random: readonly ScalePoint[],
  ofRun: readonly ScalePoint[],
): ExperimentChart[] {
  const measures: [keyof SoftmaxState, string, string, "linear" | "log"][] = [
    ["scoreVariance", "Variance of the scores", "variance", "log"],
    ["entropyBits", "Entropy of the weights", "bits", "linear"],
    ["largestWeight", "Largest weight (saturation)", "weight", "linear"],
    ["gradientNorm", "Gradient of softmax", "norm", "linear"],
  ];
  return measures.map(([measure, title, unit, scale]) => ({
    title,
    x: { label: "d_k", scale: "log", marks: EXPERIMENT_DIMENSIONS, domain: [4, 1024] },
    y: { label: unit, scale },
    series: [
      curve("random, without scale", random, (point) => point.plain[measure], 1),
      curve("random, / √d_k", random, (point) => point.scaled[measure], 0),
      ...(ofRun.length
        ? [
            curve("this head, without scale", ofRun, (point) => point.plain[measure], 1, "dashed"),
            curve("this head, / √d_k", ofRun, (point) => point.scaled[measure], 0, "dashed"),
          ]
        : []),
    ],
  }));
}

function curve(
  name: string,
  points: readonly ScalePoint[],
  value: (point: ScalePoint) => number,
  colour: number,
  dash: ChartSeries["dash"] = "solid",
): ChartSeries {
  return { name, x: points.map(({ dKey }) => dKey), y: points.map(value), colour, dash };
}
