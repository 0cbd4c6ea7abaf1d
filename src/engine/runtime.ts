import * as ort from "onnxruntime-web";

/**
 * The runtime's own two files by URL; in Node file URLs, since plain paths break on "#" and "%". The second may be
 * its bytes: where a policy lets scripts come from blobs, it still refuses to fetch them. The first is absent where a
 * build has it inside.
 */
export interface RuntimeFiles {
  readonly mjs?: string;
  readonly wasm: string | Uint8Array;
}

/** A tensor as the runtime takes and gives it; float16 comes as its bits in a Uint16Array. */
export interface RuntimeTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: ArrayBufferView;
}

/** A file that a graph refers to, or a part of one, as the runtime reads it. */
export interface ExternalFile {
  readonly path: string;
  readonly data: Uint8Array;
}

export interface RuntimeSession {
  run(feeds: Readonly<Record<string, RuntimeTensor>>, fetches: readonly string[]): Promise<RuntimeTensor[]>;
  release(): Promise<void>;
}

/** Must come before the first session: the runtime takes its files and its number of threads once. */
export function configureRuntime({ mjs, wasm }: RuntimeFiles, nThreads: number): void {
  if (typeof wasm === "string") ort.env.wasm.wasmPaths = { ...(mjs && { mjs }), wasm };
  else {
    if (mjs) ort.env.wasm.wasmPaths = { mjs };
    ort.env.wasm.wasmBinary = wasm;
  }
  ort.env.wasm.numThreads = nThreads;
  ort.env.logLevel = "fatal";
}

/**
 * Opens a session on the CPU (WASM with SIMD) or on WebGPU, where the runtime's build has it. Throws the runtime's own
 * error where it refuses the graph.
 */
export async function openSession(
  bytes: Uint8Array,
  externalData: readonly ExternalFile[] = [],
  backend: "wasm" | "webgpu" = "wasm",
): Promise<RuntimeSession> {
  const opening = ort.InferenceSession.create(bytes, {
    executionProviders: [backend],
    // What is not fetched then never leaves the graphics memory.
    ...(backend === "webgpu" && { preferredOutputLocation: "gpu-buffer" }),
    graphOptimizationLevel: "all",
    logSeverityLevel: 4,
    ...(externalData.length > 0 && { externalData: [...externalData] }),
  });
  const session = await unlessGpuLost(opening);
  if (backend === "webgpu") await watchDevice();
  return {
    async run(feeds, fetches) {
      const inputs: Record<string, ort.Tensor> = {};
      for (const [name, { type, data, dims }] of Object.entries(feeds)) {
        inputs[name] = new ort.Tensor(type as ort.Tensor.Type, data as ort.Tensor.DataType, dims);
      }
      const outputs = await unlessGpuLost(session.run(inputs, [...fetches], { logSeverityLevel: 4 }));
      const tensors: RuntimeTensor[] = [];
      for (const name of fetches) {
        const output = outputs[name];
        if (!output) throw new Error(`The runtime gave no output "${name}"`);
        // One after the other, each freed on the graphics card as soon as it is here.
        const data =
          output.location === "gpu-buffer" ? await unlessGpuLost(output.getData(true)) : output.data;
        tensors.push({ type: output.type, dims: output.dims, data: data as unknown as ArrayBufferView });
      }
      return tensors;
    },
    release: () => session.release(),
  };
}

/** What of a graphics device is watched; browsers' own types are not seen here. */
interface Device {
  readonly lost: Promise<{ readonly reason?: string; readonly message?: string }>;
}

let watched: Device | undefined;
let lost: Error | undefined;
const lostListeners: ((reason: string) => void)[] = [];
const waiting = new Set<(error: Error) => void>();

/** Called, once, when the device that sessions run on is gone; before what runs on it fails. */
export function onGpuLost(listener: (reason: string) => void): void {
  lostListeners.push(listener);
}

/** All sessions share one device, which the first makes. */
async function watchDevice(): Promise<void> {
  const device = (await ort.env.webgpu.device) as unknown as Device | undefined;
  if (!device || device === watched) return;
  watched = device;
  void device.lost.then(({ reason, message }) => {
    const why = message || reason || "no reason was given";
    lost = new Error(`The graphics device was lost: ${why}`);
    for (const listener of lostListeners) listener(why);
    for (const reject of waiting) reject(lost);
  });
}

/** A lost device leaves runs without an end, or with zeros: neither is waited for. */
function unlessGpuLost<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    waiting.add(reject);
    const leave = () => waiting.delete(reject);
    work.then(
      (value) => (leave(), lost ? reject(lost) : resolve(value)),
      (error: unknown) => (leave(), reject(lost ?? (error as Error))),
    );
  });
}
