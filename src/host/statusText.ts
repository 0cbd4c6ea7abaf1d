import type { Backend, RunSummary } from "../core/run";
import type { Translate } from "./translate";

/** "Code 4x8 · WASM 2 · 128 tokens · 84 ms" */
export function statusText(run: RunSummary, t: Translate): string {
  const { name, nLayers, nHeads } = run.model;
  const size = `${nLayers}x${nHeads}`;
  // A card's name may go on after a comma ("Code and English, 4 layers x 8 heads").
  const short = name.split(",")[0] || name;
  const model = short.includes(size) ? short : `${short} ${size}`;
  const nTokens = run.tokens.length + (run.targetTokens?.length ?? 0);
  return [model, backendText(run, t), t("{0} tokens", nTokens), durationText(run.durations.totalMs)].join(
    " · ",
  );
}

/** The parts of a run's time, one a line. */
export function statusLines(run: RunSummary, t: Translate): string[] {
  const { loadMs, tokenizeMs, runMs, totalMs } = run.durations;
  const times = run.isReused
    ? [t("The same text was run before: nothing was computed again")]
    : [
        t("Loading the model: {0}", loadMs > 0 ? durationText(loadMs) : t("it was warm")),
        t("Tokenizing: {0}", durationText(tokenizeMs)),
        t("Forward pass with all attention: {0}", durationText(runMs)),
      ];
  return [
    ...times,
    t("In all: {0}", durationText(totalMs)),
    ...backendLines(run.backend, t),
    ...run.notices.map((notice) => notice.message),
  ];
}

function backendText({ backend }: Pick<RunSummary, "backend">, t: Translate): string {
  const name = { wasm: "WASM", webgpu: "WebGPU", remote: "Remote" }[backend.name];
  const text = backend.threads ? `${name} ${backend.threads}` : name;
  return backend.fallback ? t("{0}, not WebGPU", text) : text;
}

/** Which adapter computes, or why WebGPU, which was wished for, does not. */
function backendLines({ adapter, fallback }: Backend, t: Translate): string[] {
  if (adapter) return [t("WebGPU on {0}", adapter)];
  if (!fallback) return [];
  const detail = fallback.detail ?? "";
  const reason = {
    "no-webgpu": t("this window has no WebGPU"),
    "no-jspi": t("this window is too old for it: WebAssembly cannot wait for the graphics adapter (JSPI)"),
    "no-page": t("it would run in the inspector, and none was open or in sight"),
    "no-adapter": t("the browser offers no graphics adapter"),
    "software-adapter": t("the adapter {0} is software and slower", detail),
    "webgpu-refused": t("WebGPU refused the model: {0}", detail),
    "device-lost": t("the graphics adapter was lost while a model ran on it: {0}", detail),
    "webgpu-disagrees": t("a short prompt gave weights {0} away from WASM's", detail),
  }[fallback.code];
  return [t("WASM in place of WebGPU: {0}", reason)];
}

/** Milliseconds up to a second, then seconds with one digit. */
export function durationText(durationMs: number): string {
  if (durationMs < 0.5) return "<1 ms";
  return durationMs < 999.5 ? `${Math.round(durationMs)} ms` : `${(durationMs / 1000).toFixed(1)} s`;
}
