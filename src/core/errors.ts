/**
 * Every failure that a person may see: one named maker each, whose sentence names the thing, the numbers and
 * the way out. `code` is stable (logs, tests, messages between threads); `detail` goes to the log only.
 */
export class HeadlightError extends Error {
  override readonly name = "HeadlightError";
  constructor(
    readonly code: string,
    message: string,
    readonly detail?: string,
  ) {
    super(message);
  }
}

/** What crosses a thread or a page boundary in place of an Error. */
export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly detail?: string;
}

export const CANCELLED = "cancelled";

export function cancelled(): HeadlightError {
  return new HeadlightError(CANCELLED, "Cancelled.");
}

export function isCancelled(error: unknown): boolean {
  return error instanceof HeadlightError && error.code === CANCELLED;
}

/** An unexpected error keeps its own message as the detail; a HeadlightError passes unchanged. */
export function toReport(error: unknown): ErrorReport {
  if (error instanceof HeadlightError) {
    return { code: error.code, message: error.message, ...(error.detail && { detail: error.detail }) };
  }
  const message = error instanceof Error ? error.message : String(error);
  const detail = error instanceof Error ? error.stack : undefined;
  return { code: "unexpected", message: `Something went wrong: ${message}`, ...(detail && { detail }) };
}

export function fromReport(report: ErrorReport): HeadlightError {
  return new HeadlightError(report.code, report.message, report.detail);
}

export function tooManyTokens(model: string, nTokens: number, limit: number): HeadlightError {
  const format = (n: number) => n.toLocaleString("en");
  return new HeadlightError(
    "too-many-tokens",
    `The selection is ${format(nTokens)} tokens; ${model} reads at most ${format(limit)}. Select less, or inspect the part around the cursor.`,
  );
}

/** What a view shows is not there yet, or there is nothing that it could show. */
export function nothingToExport(): HeadlightError {
  return new HeadlightError(
    "nothing-to-export",
    "There is nothing to export here yet. Wait until the view is drawn, then export again.",
  );
}

export function emptyText(): HeadlightError {
  return new HeadlightError(
    "empty-text",
    "There is no text to inspect here. Select some text, or put the cursor in a paragraph.",
  );
}

export function unknownRun(runId: string): HeadlightError {
  return new HeadlightError(
    "unknown-run",
    "This inspection is no longer in memory. Run it again.",
    `run ${runId}`,
  );
}

export function workerDied(reason: string): HeadlightError {
  return new HeadlightError(
    "worker-died",
    "The engine stopped unexpectedly; a new one starts with the next inspection.",
    reason,
  );
}

export function tokenizerTooSlow(model: string, limitMs: number): HeadlightError {
  return new HeadlightError(
    "tokenizer-too-slow",
    `The tokenizer of ${model} did not finish within ${Math.round(limitMs / 100) / 10} s, so it was stopped: one of its patterns may take ages for this text. Select less, choose another model, or give token ids (--ids).`,
  );
}

export function workerNotStarted(reason: string): HeadlightError {
  return new HeadlightError(
    "worker-not-started",
    `The engine could not be started: ${reason}. Reinstall Headlight if this stays.`,
    reason,
  );
}

export function fileMissing(reference: string, reason: string): HeadlightError {
  return new HeadlightError("file-missing", `${reference} cannot be read: ${reason}.`);
}

export function fileTooShort(reference: string, wanted: number, byteLength: number): HeadlightError {
  return new HeadlightError(
    "file-too-short",
    `${reference} ends after ${byteLength.toLocaleString("en")} bytes where ${wanted.toLocaleString("en")} were expected. It may be cut off; get it again.`,
  );
}

export function outsideFolder(folder: string, relativePath: string): HeadlightError {
  return new HeadlightError(
    "outside-folder",
    `The model names the file "${relativePath.slice(0, 200)}", which lies outside its folder ${folder}. Headlight reads nothing outside a model's folder.`,
  );
}

export function badJson(reference: string, reason: string): HeadlightError {
  return new HeadlightError("bad-json", `${reference} is not valid JSON: ${reason}.`);
}

export function badCard(where: string, what: string): HeadlightError {
  return new HeadlightError("bad-card", `The model card ${where} cannot be used: ${what}.`);
}

export function noModelThere(folder: string): HeadlightError {
  return new HeadlightError(
    "no-model",
    `There is no ONNX model in ${folder}. Choose a folder with a config.json and an .onnx file (often in onnx/), or the .onnx file itself.`,
  );
}

export function unknownModel(name: string, known: readonly string[]): HeadlightError {
  return new HeadlightError(
    "unknown-model",
    `There is no model "${name}": it is neither an embedded model (${known.join(", ") || "none is installed"}), nor a folder, nor an .onnx file.`,
  );
}

export function badChoice(what: string): HeadlightError {
  return new HeadlightError("bad-choice", `That cannot be shown: ${what}.`);
}

export function notCaptured(what: string, block: string, layer: number, reason?: string): HeadlightError {
  return new HeadlightError(
    "not-captured",
    `The ${what} of ${block} layer ${layer} cannot be shown: ${reason ?? "the model's graph does not hand them over"}.`,
  );
}

export function inputNotGiven(model: string, input: string, type: string, shape: string): HeadlightError {
  return new HeadlightError(
    "input-not-given",
    `${model} does not say what goes into the model's input "${input}" (${type} ${shape}). Give it by hand: headlight inspect --inputs FILE.npz.`,
  );
}

export function inputUnfit(input: string, what: string): HeadlightError {
  return new HeadlightError("input-unfit", `The model's input "${input}" cannot be fed: ${what}.`);
}

export function wrongLength(input: string, length: number, fixed: number): HeadlightError {
  return new HeadlightError(
    "wrong-length",
    `The input "${input}" takes exactly ${fixed} tokens and was given ${length}. Select less.`,
  );
}

export function unexpectedShape(tensor: string, what: string): HeadlightError {
  return new HeadlightError(
    "unexpected-shape",
    "The model's attention came out in a shape that Headlight did not expect, so it is not shown.",
    `${tensor}: ${what}`,
  );
}

export function idOutOfRange(model: string, id: number, vocab: number | undefined): HeadlightError {
  const range = vocab === undefined ? "whole numbers from 0" : `0 to ${(vocab - 1).toLocaleString("en")}`;
  return new HeadlightError(
    "id-out-of-range",
    `Token id ${id} is not one of ${model}'s (${range}). Its tokenizer may belong to another model.`,
  );
}

export function noTokenizerHere(model: string): HeadlightError {
  return new HeadlightError(
    "no-tokenizer",
    `${model} has no tokenizer beside it, so it cannot read text. Give ids or raw inputs, or put its tokenizer.json next to config.json.`,
  );
}

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;

export function modelTooLarge(model: string, neededBytes: number, limitBytes: number): HeadlightError {
  return new HeadlightError(
    "model-too-large",
    `${model} would need about ${gigabytes(neededBytes)} of memory; WebAssembly gives at most ${gigabytes(limitBytes)}. Choose a smaller precision (fp16, int8, q4) or a smaller model.`,
  );
}

export function runTooLarge(
  model: string,
  nTokens: number,
  neededBytes: number,
  limitBytes: number,
  fits: number,
): HeadlightError {
  const wayOut =
    fits > 0
      ? `Up to about ${fits.toLocaleString("en")} tokens fit: select less, or inspect in windows`
      : "Choose a smaller precision (fp16, int8, q4) or a smaller model";
  return new HeadlightError(
    "run-too-large",
    `${nTokens.toLocaleString("en")} tokens through ${model} would need about ${gigabytes(neededBytes)} of memory; it may take at most ${gigabytes(limitBytes)}. ${wayOut}.`,
  );
}

export function windowsTooLarge(
  model: string,
  nWindows: number,
  neededBytes: number,
  budgetBytes: number,
): HeadlightError {
  return new HeadlightError(
    "windows-too-large",
    `${nWindows} windows of ${model} would keep ${gigabytes(neededBytes)} of weights; the setting headlight.byteBudget allows ${gigabytes(budgetBytes)}. Select less, inspect the part around the cursor, or raise the setting.`,
  );
}

export function headNotKept(head: number): HeadlightError {
  return new HeadlightError(
    "head-not-kept",
    "The weights of this head are not in memory. Look at it again.",
    `head ${head} was let go of while it was needed`,
  );
}

export function tooMuchAtOnce(neededBytes: number, budgetBytes: number): HeadlightError {
  return new HeadlightError(
    "too-much-at-once",
    `This needs ${gigabytes(neededBytes)} at once; the setting headlight.byteBudget keeps ${gigabytes(budgetBytes)}. Look at a single head, or raise the setting.`,
  );
}

export function modelRefused(model: string, reason: string): HeadlightError {
  return new HeadlightError(
    "model-refused",
    `The runtime cannot open ${model}: ${inPlainWords(reason) ?? reason.split("\n")[0]!.slice(0, 300)}`,
    reason,
  );
}

/** What ONNX Runtime 1.30 says of what it lacks, without its own file names; undefined for all else. */
function inPlainWords(reason: string): string | undefined {
  const opset = /Opset (\d+) is under development[^]*support for domain (\S+) is till opset (\d+)/.exec(
    reason,
  );
  if (opset) {
    const [, own, domain, most] = opset;
    return `it is of opset ${own} of ${domain}, and the runtime knows at most ${most}. Export it with an opset of ${most} or less.`;
  }
  const operator =
    /(?:Fatal error: |No Op registered for |Could not find an implementation for )([\w.:]{1,200})(?:\((-?\d+)\))?/.exec(
      reason,
    );
  if (!operator) return undefined;
  const [, name = "", version = ""] = operator;
  const opsetOf = Number(version) > 0 ? ` of opset ${version}` : "";
  return `it uses the operator ${name}${opsetOf}, which the runtime lacks. Export it with standard operators (opset 11 to 21 are the surest).`;
}

export function runFailed(model: string, reason: string): HeadlightError {
  return new HeadlightError(
    "run-failed",
    `The runtime could not run ${model} on this input: ${reason.split("\n")[0]!.slice(0, 300)}`,
    reason,
  );
}

export function outOfMemory(model: string): HeadlightError {
  return new HeadlightError(
    "out-of-memory",
    `The memory that WebAssembly gives was not enough for ${model} with this text. Select less, or choose a smaller model.`,
  );
}

export function noAttention(model: string, reasons: readonly string[]): HeadlightError {
  const why = reasons.length > 0 ? `: ${reasons[0]!}` : "";
  return new HeadlightError(
    "no-attention",
    `No attention that could be shown was found in ${model}${why}. "headlight graph" says what was looked at.`,
    reasons.join("\n"),
  );
}

export function nothingToRun(model: string): HeadlightError {
  return new HeadlightError("nothing-to-run", `${model} was given neither text, nor ids, nor inputs.`);
}

export function noPredictions(model: string): HeadlightError {
  return new HeadlightError(
    "no-predictions",
    `${model} has no output over its vocabulary, so it predicts no tokens.`,
  );
}

export function badRequest(what: string): HeadlightError {
  return new HeadlightError("bad-request", `The engine was asked for something malformed: ${what}.`);
}

export function notText(file: string): HeadlightError {
  return new HeadlightError("not-text", `${file} is not UTF-8 text. Convert it, or choose a text file.`);
}

export function badLine(file: string, line: number): HeadlightError {
  return new HeadlightError("bad-line", `Line ${line} of ${file} is not one JSON string.`);
}

export function cannotWrite(file: string, reason: string): HeadlightError {
  return new HeadlightError("cannot-write", `${file} cannot be written: ${reason}.`);
}

export function badNpz(file: string, reason: string): HeadlightError {
  return new HeadlightError("bad-npz", `${file} cannot be read as an .npz of arrays: ${reason}.`);
}

export function noSuchLayer(layer: number, model: string, nLayers: number): HeadlightError {
  return new HeadlightError(
    "no-such-layer",
    `${model} has no layer ${layer}; its layers are 0 to ${nLayers - 1}.`,
  );
}

export function batchGiven(input: string, batch: number): HeadlightError {
  return new HeadlightError(
    "batch-given",
    `The input "${input}" holds a batch of ${batch}; Headlight inspects one at a time. Save each on its own, with a batch of 1.`,
  );
}

export function continuationTooLong(
  model: string,
  nGiven: number,
  nWanted: number,
  limit: number,
): HeadlightError {
  const format = (n: number) => n.toLocaleString("en");
  const room = Math.max(0, limit - nGiven);
  const wayOut = room > 0 ? `Continue by at most ${format(room)}.` : "Select less.";
  return new HeadlightError(
    "continuation-too-long",
    `The text is ${format(nGiven)} tokens and ${format(nWanted)} more were asked for; ${model} reads at most ${format(limit)}. ${wayOut}`,
  );
}

export function cannotContinue(model: string): HeadlightError {
  return new HeadlightError(
    "cannot-continue",
    `${model} does not write a text from left to right, so it cannot continue one. Choose a causal model or an encoder-decoder.`,
  );
}

export function lensNotNumbers(layer: number | "embedding"): HeadlightError {
  const where = layer === "embedding" ? "the embedding" : `layer ${layer}`;
  return new HeadlightError(
    "lens-not-numbers",
    `The state after ${where} gives predictions that are not numbers (NaN), so the logit lens cannot be shown.`,
  );
}

export function notANumberPredicted(model: string): HeadlightError {
  return new HeadlightError(
    "not-a-number-predicted",
    `${model} predicts values that are not numbers (NaN), so no next token can be chosen.`,
  );
}

export function verificationDiffers(model: string, difference: number): HeadlightError {
  return new HeadlightError(
    "verification-differs",
    `The weights that ${model} handed over differ from those computed again by up to ${difference.toExponential(1)}, more than rounding explains.`,
  );
}

export function measureMissing(measure: string, reason: string): HeadlightError {
  return new HeadlightError("measure-missing", `${measure} cannot be shown here: ${reason}.`);
}

export function flowTooLarge(
  nTokens: number,
  nLayers: number,
  nFlows: number,
  time: string,
  mostTokens: number,
): HeadlightError {
  const format = (n: number) => n.toLocaleString("en");
  return new HeadlightError(
    "flow-too-large",
    `Attention flow of ${format(nTokens)} tokens through ${nLayers} layers takes ${format(nFlows)} maximum flows, about ${time}; at most ${mostTokens} tokens are computed here. Select less, or look at rollout.`,
  );
}

export function noProbe(model: string, reason: string): HeadlightError {
  return new HeadlightError(
    "no-probe",
    `${model} cannot be probed: ${reason}. The probe gives models of text random tokens, code and prose.`,
  );
}
