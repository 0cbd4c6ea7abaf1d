// Runs a model on lists of ids with onnxruntime-web (WASM, one thread) and writes the wanted outputs as float32, one after the other.
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { InferenceSession, Tensor, env } from "onnxruntime-web";

const request = JSON.parse(readFileSync(process.argv[2], "utf8"));
env.wasm.numThreads = 1;
const session = await InferenceSession.create(readFileSync(request.model), { logSeverityLevel: 3 });
const parts = [];
for (const ids of request.cases) {
  const feeds = Object.fromEntries(
    Object.entries(ids).map(([name, list]) => [
      name,
      new Tensor("int64", BigInt64Array.from(list.map(BigInt)), [1, list.length]),
    ]),
  );
  const results = await session.run(feeds, request.outputs);
  for (const name of request.outputs) {
    const { data } = results[name];
    parts.push(Buffer.from(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength)));
  }
}
writeFileSync(request.to, Buffer.concat(parts));
