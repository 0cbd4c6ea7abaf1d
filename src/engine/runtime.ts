import * as ort from "onnxruntime-web";

/**
 * The runtime's own two files by URL; in Node file URLs, since plain paths break on "#" and "%". The second may be
 * its bytes: where a policy lets scripts come from blobs, it still refuses to fetch them.
 */
export interface RuntimeFiles {
  readonly mjs: string;
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
export function configureRuntime(files: RuntimeFiles, nThreads: number): void {
  const { mjs, wasm } = files;
  ort.env.wasm.wasmPaths = typeof wasm === "string" ? { mjs, wasm } : { mjs };
  if (typeof wasm !== "string") ort.env.wasm.wasmBinary = wasm;
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
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: [backend],
    // What is not fetched then never leaves the graphics memory.
    ...(backend === "webgpu" && { preferredOutputLocation: "gpu-buffer" }),
    graphOptimizationLevel: "all",
    logSeverityLevel: 4,
    ...(externalData.length > 0 && { externalData: [...externalData] }),
  });
  return {
    async run(feeds, fetches) {
      const inputs: Record<string, ort.Tensor> = {};
      for (const [name, { type, data, dims }] of Object.entries(feeds)) {
        inputs[name] = new ort.Tensor(type as ort.Tensor.Type, data as ort.Tensor.DataType, dims);
      }
      const outputs = await session.run(inputs, [...fetches], { logSeverityLevel: 4 });
      const tensors: RuntimeTensor[] = [];
      for (const name of fetches) {
        const output = outputs[name];
        if (!output) throw new Error(`The runtime gave no output "${name}"`);
        // One after the other, each freed on the graphics card as soon as it is here.
        const data = output.location === "gpu-buffer" ? await output.getData(true) : output.data;
        tensors.push({ type: output.type, dims: output.dims, data: data as unknown as ArrayBufferView });
      }
      return tensors;
    },
    release: () => session.release(),
  };
}
