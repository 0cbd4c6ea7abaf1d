import { parseStandalone } from "../../../src/protocol/standalone";
import type { Slices } from "../../../src/protocol/slices";
import { standaloneSlices } from "../../../webview/standalone/slices";
import { enlarged, type Enlargement } from "./enlarge";

/** Answers from a run in a thread of its own, as the engine's worker does. */
interface Start {
  readonly run: string;
  readonly enlarge?: Enlargement;
}
interface Call {
  readonly id: number;
  readonly method: keyof Slices;
  readonly argument: never;
}

let slices: Slices | undefined;

self.onmessage = async ({ data }: MessageEvent<Start | Call>) => {
  if ("run" in data) {
    const content = parseStandalone(data.run);
    slices = standaloneSlices(data.enlarge ? enlarged(content, data.enlarge) : content);
    return;
  }
  try {
    self.postMessage({ id: data.id, result: await slices![data.method](data.argument) });
  } catch (error) {
    self.postMessage({ id: data.id, error: String(error) });
  }
};
