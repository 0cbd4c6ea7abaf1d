import path from "node:path";
import { measureMissing, noSuchLayer, notCaptured } from "../../core/errors";
import {
  measureLack,
  measureWords,
  parseShownMeasure,
  shownMeasures,
  type ShownMeasure,
} from "../../core/measures/measure";
import { findBlock, type HeadVectors, type LayerOfRun, type Measure, type RunSummary } from "../../core/run";
import { createEngine } from "../../engine/handle";
import { inlineStarter } from "../../engine/inline";
import { createService } from "../../engine/worker/service";
import type { InspectRequest } from "../../protocol/engineContract";
import { nodePlatform } from "../platform";
import { writeCsv } from "./csv";
import type { ChosenLayer, Inspection } from "./inspection";
import { writeJson } from "./json";
import type { Home } from "./home";
import { writeNpz } from "./npz";
import { parseNumbers, parseOptions } from "./options";
import { writeAll, type OutputFile, type Write } from "./outputFiles";
import { writePage } from "./page";
import { writePng, writeSvg } from "./picture";
import { showProgress } from "./progress";
import { readRequest, requestOptions } from "./request";
import { UsageError } from "./usage";

const optionKinds = {
  ...requestOptions,
  generate: { type: "string" },
  layers: { type: "string" },
  what: { type: "string" },
  measure: { type: "string" },
  backend: { type: "string" },
  threads: { type: "string" },
  out: { type: "string", multiple: true },
  json: { type: "boolean" },
} as const;

type Writer = (inspection: Inspection, write: Write, home: Home) => Promise<void>;

const writers: Readonly<Record<string, Writer>> = {
  ".npz": writeNpz,
  ".json": writeJson,
  ".csv": writeCsv,
  ".svg": writeSvg,
  ".png": writePng,
  ".html": writePage,
};

/** `headlight inspect`: one run, written to files and summed up on standard output. */
export async function inspectCommand(args: string[], home: Home): Promise<void> {
  const { values } = parseOptions(args, optionKinds);
  if (values.backend !== undefined && values.backend !== "wasm") {
    throw new UsageError(`The command line runs on wasm, not on "${values.backend}".`);
  }
  const [threads = 0] = values.threads === undefined ? [] : parseNumbers("--threads", values.threads);
  const layers = values.layers === undefined ? undefined : parseNumbers("--layers", values.layers);
  const generate = values.generate === undefined ? undefined : { nTokens: oneNumber(values.generate) };
  const shown = parseMeasure(values.measure ?? "weights");
  // A measure alone is written in place of the weights.
  const wanted = parseWhat(values.what, shown);
  const outputs = (values.out ?? []).map((file) => ({ file, writer: writerFor(file) }));

  const request: InspectRequest = {
    ...(await readRequest(values, home)),
    ...(generate && { generate }),
    capture: [...wanted.measures.filter(isCaptured), ...wanted.vectors].filter((what) => what !== "weights"),
  };
  const platform = nodePlatform(home.runtimeFolder);
  const engine = createEngine(
    inlineStarter((emit) => createService(platform, emit)),
    { threads, byteBudget: Infinity },
  );
  engine.onEvent({ progress: ({ stage }) => showProgress(stage) });
  const run = await engine.inspect(request);
  showProgress(undefined);
  const chosen = chooseLayers(run, layers);
  checkHas(run, chosen, wanted.measures, wanted.vectors);
  const inspection: Inspection = { run, layers: chosen, ...wanted, shown, engine, title: titleOf(run) };
  await writeAll(
    outputs.map(({ file, writer }): OutputFile => ({
      path: path.resolve(file),
      write: (write) => writer(inspection, write, home),
    })),
  );
  if (values.json) process.stdout.write(`${JSON.stringify(run, null, 2)}\n`);
  else if (outputs.length === 0) process.stdout.write(inWords(run));
  if (process.stderr.isTTY)
    process.stderr.write(run.notices.map(({ message }) => `Note: ${message}\n`).join(""));
}

function oneNumber(value: string): number {
  const [nTokens = 0, ...more] = parseNumbers("--generate", value);
  if (nTokens < 1 || more.length > 0)
    throw new UsageError(`--generate takes one whole number from 1, not "${value}".`);
  return nTokens;
}

function writerFor(file: string): Writer {
  const ending = path.extname(file).toLowerCase();
  const writer = Object.hasOwn(writers, ending) ? writers[ending] : undefined;
  if (!writer) {
    throw new UsageError(`${file} must end in one of ${Object.keys(writers).join(" ")}.`);
  }
  return writer;
}

const parts: Readonly<Record<string, { measures?: Measure[]; vectors?: HeadVectors[] }>> = {
  weights: { measures: ["weights"] },
  scores: { measures: ["scores"] },
  qkv: { vectors: ["q", "k", "v"] },
  output: { vectors: ["output"] },
};

function parseMeasure(value: string): ShownMeasure {
  const measure = parseShownMeasure(value);
  if (!measure) throw new UsageError(`--measure takes one of ${shownMeasures.join(", ")}, not "${value}".`);
  return measure;
}

function parseWhat(
  given: string | undefined,
  shown: ShownMeasure,
): { measures: ShownMeasure[]; vectors: HeadVectors[] } {
  if (given === undefined) return { measures: [shown], vectors: [] };
  const { measures, vectors } = parseParts(given);
  return { measures: [...new Set([...measures, ...(shown === "weights" ? [] : [shown])])], vectors };
}

function parseParts(value: string): { measures: ShownMeasure[]; vectors: HeadVectors[] } {
  const names = [...new Set(value.split(",").map((name) => name.trim()))];
  const unknown = names.find((name) => !Object.hasOwn(parts, name));
  if (unknown !== undefined) {
    throw new UsageError(`--what takes ${Object.keys(parts).join(", ")}, not "${unknown}".`);
  }
  return {
    measures: names.flatMap((name) => parts[name]!.measures ?? []),
    vectors: names.flatMap((name) => parts[name]!.vectors ?? []),
  };
}

function chooseLayers(run: RunSummary, wanted: readonly number[] | undefined): ChosenLayer[] {
  const all = run.blocks.flatMap(({ kind, layers }) => layers.map((info) => ({ block: kind, info })));
  for (const layer of wanted ?? []) {
    if (!all.some(({ info }) => info.layer === layer)) {
      throw noSuchLayer(layer, run.model.name, Math.max(...all.map(({ info }) => info.layer)) + 1);
    }
  }
  const chosen = wanted ? all.filter(({ info }) => wanted.includes(info.layer)) : all;
  return chosen.filter(({ info }) => info.has.length > 0);
}

/** Asking for what a layer does not hand over is an error before anything is written. */
function checkHas(
  run: RunSummary,
  layers: readonly ChosenLayer[],
  measures: readonly ShownMeasure[],
  vectors: readonly HeadVectors[],
): void {
  for (const { block, info } of layers) {
    const captured = [...measures.filter(isCaptured), ...vectors];
    const lacking = captured.find((what) => !info.has.includes(what));
    if (lacking) throw notCaptured(lacking, block, info.layer, info.missing ?? noProduct(info));
    for (const measure of measures) {
      const lack = measureLack(findBlock(run, block)!, info.layer, measure);
      if (lack) throw measureMissing(measureWords[measure].name, lack);
    }
  }
}

function noProduct({ additive }: LayerOfRun): string | undefined {
  return additive && "its scores come from tanh(q + k), not from a product of queries and keys";
}

function isCaptured(measure: ShownMeasure): measure is Measure {
  return measure === "weights" || measure === "scores";
}

function titleOf({ model, text, tokens }: RunSummary): string {
  const line = text.replace(/\s+/g, " ").trim();
  const shown = line.length > 60 ? `${line.slice(0, 59)}…` : line;
  return [model.name, `${tokens.length} tokens`, shown].filter(Boolean).join(" · ");
}

function inWords(run: RunSummary): string {
  const lines = [`${titleOf(run)} · ${Math.round(run.durations.totalMs)} ms`];
  for (const { kind, layers } of run.blocks) {
    const [first] = layers;
    if (first)
      lines.push(`${kind}: ${layers.length} layers x ${first.nHeads} heads, mask ${first.mask.kind}`);
  }
  if (run.generated) {
    const { count, end, text } = run.generated;
    lines.push(`wrote ${count} tokens${end === "end-token" ? " and its end" : ""}: ${text}`);
  }
  return `${lines.join("\n")}\n`;
}
