import { availableParallelism } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { parentPort, workerData } from "node:worker_threads";
import { createService } from "../engine/worker/service";
import { openChannel, type Channel } from "../protocol/channel";
import type { EngineContract, EngineEvents } from "../protocol/engineContract";
import { nodeFiles } from "./files";
import type { WorkerSetup } from "./workerStarter";

const port = parentPort!;
const { runtimeFolder } = workerData as WorkerSetup;
const url = (name: string) => pathToFileURL(path.join(runtimeFolder, name)).href;

const service = createService(
  {
    files: nodeFiles,
    runtime: { mjs: url("ort-wasm-simd-threaded.mjs"), wasm: url("ort-wasm-simd-threaded.wasm") },
    nCores: availableParallelism(),
  },
  {
    progress: (event) => channel.emit("progress", event),
    log: (event) => channel.emit("log", event),
  },
);
const channel: Channel<object, EngineEvents> = openChannel<EngineContract, object, object, EngineEvents>(
  { post: (message) => port.postMessage(message), listen: (receive) => port.on("message", receive) },
  service,
);
