import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { unzipSync } from "fflate";
import { parse } from "npyjs";

export interface ReadArray {
  readonly dims: readonly number[];
  /** As NumPy names it: "float32". */
  readonly type: string;
  readonly data: readonly number[];
}

const reader = `
import json, sys, numpy
arrays = numpy.load(sys.argv[1])
plain = lambda x: float(x) if numpy.isfinite(x) else None
print(json.dumps({name: {"dims": a.shape, "type": str(a.dtype), "data": [plain(x) for x in a.ravel()]} for name, a in arrays.items()}))
`;

/** Debian's, which has NumPy beside it more often than one that stands before it on the path. */
const python = ["/usr/bin/python3", "python3"].find(
  (command) => spawnSync(command, ["-c", "import numpy"]).status === 0,
);
if (!python) console.warn("SAID: there is no NumPy here, so .npz files are read by npyjs alone.");

/** The arrays of an .npz by name, as NumPy reads them where it is there, else as npyjs does; what is not finite is NaN. */
export async function readNpz(bytes: Uint8Array): Promise<Record<string, ReadArray>> {
  return python ? readByNumPy(python, bytes) : readByNpyjs(bytes);
}

function readByNumPy(command: string, bytes: Uint8Array): Record<string, ReadArray> {
  const folder = mkdtempSync(path.join(tmpdir(), "headlight-npz-"));
  try {
    const file = path.join(folder, "arrays.npz");
    writeFileSync(file, bytes);
    const { stdout, stderr, status } = spawnSync(command, ["-c", reader, file], {
      encoding: "utf8",
      maxBuffer: 1e9,
    });
    if (status !== 0) throw new Error(`NumPy does not read it: ${stderr}`);
    const found = JSON.parse(stdout) as Record<
      string,
      { dims: number[]; type: string; data: (number | null)[] }
    >;
    return mapValues(found, (one) => ({ ...one, data: one.data.map((value) => value ?? NaN) }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function readByNpyjs(bytes: Uint8Array): Promise<Record<string, ReadArray>> {
  const entries = Object.entries(unzipSync(bytes)).map(async ([name, entry]) => {
    const { data, shape } = await parse(entry.slice().buffer);
    const type = data instanceof BigInt64Array ? "int64" : data instanceof Int32Array ? "int32" : "float32";
    const finite = (value: number) => (Number.isFinite(value) ? value : NaN);
    const numbers = Array.from(data as unknown as ArrayLike<number | bigint>, (value) =>
      finite(Number(value)),
    );
    return [name.replace(/\.npy$/, ""), { dims: shape, type, data: numbers }] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

function mapValues<A, B>(of: Record<string, A>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(of).map(([name, value]) => [name, change(value)]));
}
