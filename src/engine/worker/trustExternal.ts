import type { FileReader } from "../../model/files";
import { externalisationProbe } from "../../onnx/probe";
import { openSession } from "../runtime";
import { LazyBytes } from "./externalData";

let trusted: Promise<boolean> | undefined;

/**
 * Whether the runtime fetches weights from a file part by part as it should, tried once on a model of one addition.
 * It relies on how the runtime's JavaScript reads external data, which is written down nowhere.
 */
export function fetchesWeights(): Promise<boolean> {
  return (trusted ??= tryProbe().catch(() => false));
}

async function tryProbe(): Promise<boolean> {
  const { bytes, path, file, input, output } = externalisationProbe();
  const readSync = (byteOffset: number, length: number) => file.slice(byteOffset, byteOffset + length);
  const reader: FileReader = {
    byteLength: file.byteLength,
    read: async (byteOffset, length) => readSync(byteOffset, length),
    readSync,
    close: async () => {},
  };
  const session = await openSession(bytes, [{ path, data: new LazyBytes(reader, 0, file.byteLength) }]);
  try {
    const data = Float32Array.from(input.numbers);
    const feeds = { [input.name]: { type: "float32", dims: [data.length], data } };
    const [result] = await session.run(feeds, [output.name]);
    const numbers = result?.data instanceof Float32Array ? [...result.data] : [];
    return numbers.length === output.numbers.length && numbers.every((n, i) => n === output.numbers[i]);
  } finally {
    await session.release();
  }
}
