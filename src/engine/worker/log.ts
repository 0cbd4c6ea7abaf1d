import type { EngineEvents } from "../../protocol/engineContract";
import type { StoredRun } from "../../store/storedRun";
import type { BackendChoice } from "./backends";

/** Says on what models are run, and why not on WebGPU where that was wished for. */
export function logChoice(choice: BackendChoice, emit: EngineEvents): void {
  if (choice.name === "webgpu") {
    emit.log({
      level: "info",
      message: `WebGPU on ${choice.adapter}, for models that agree with WASM there`,
    });
  } else if (choice.fallback) {
    const { code, detail } = choice.fallback;
    emit.log({
      level: "warn",
      message: `WASM in place of WebGPU: ${[code, detail].filter(Boolean).join(", ")}`,
    });
  }
}

/** Says how long an inspection took, and what is to be known of it. */
export function logRun({ summary }: StoredRun, emit: EngineEvents): void {
  const { loadMs, tokenizeMs, runMs, totalMs } = summary.durations;
  const ms = (value: number) => `${Math.round(value)} ms`;
  emit.log({
    level: "info",
    message: `${summary.model.name}: ${summary.tokens.length} tokens in ${ms(totalMs)} (load ${ms(loadMs)}, tokenize ${ms(tokenizeMs)}, run ${ms(runMs)})`,
  });
  for (const { code, message } of summary.notices)
    emit.log({ level: "warn", message: `${code}: ${message}` });
}
