import { createService } from "../engine/worker/service";
import { openChannel, type Channel } from "../protocol/channel";
import type { EngineContract, EngineEvents } from "../protocol/engineContract";
import type { Files } from "../model/files";
import type { PageFilesContract } from "../protocol/pageEngine";
import type { FilesContract } from "./filesContract";
import { gpuAdapter } from "./gpuAdapter";
import { pathFiles } from "./pathFiles";
import { uriFiles } from "./uriFiles";
import { messagePort, type GpuLost, type WorkerSetup } from "./workerStarter";

// The first message brings the runtime and a port for files; the channel takes all that follow.
self.addEventListener("message", ({ data }: MessageEvent<WorkerSetup>) => start(data), { once: true });

function start(setup: WorkerSetup): void {
  const { runtime, hasGpu } = setup;
  const service = createService(
    {
      files: filesOf(setup),
      runtime: { ...(runtime.mjs && { mjs: urlOf(runtime.mjs) }), wasm: runtime.wasm },
      nCores: 1,
      ...(hasGpu && { gpu: gpuAdapter, gpuLost: tellGpuLost }),
    },
    {
      progress: (event) => channel.emit("progress", event),
      stubborn: (event) => channel.emit("stubborn", event),
      swelled: (event) => channel.emit("swelled", event),
      log: (event) => channel.emit("log", event),
    },
  );
  const channel: Channel<object, EngineEvents> = openChannel<EngineContract, object, object, EngineEvents>(
    {
      post: (message, transfer = []) => self.postMessage(message, { transfer }),
      listen: (receive) => {
        self.onmessage = ({ data }: MessageEvent<unknown>) => receive(data);
      },
    },
    // Threads share memory, which a page may do only when it is isolated from other origins: VS Code's is not.
    { ...service, configure: (settings, call) => service.configure({ ...settings, threads: 1 }, call) },
  );
  self.postMessage({ kind: "started" });
}

function filesOf({ files, asks }: WorkerSetup): Files {
  const port = messagePort(files);
  if (asks === "paths")
    return pathFiles(openChannel<object, object, PageFilesContract, object>(port, {}).remote);
  const { remote } = openChannel<object, object, FilesContract, object>(port, {});
  return uriFiles({
    readAll: (request) => remote.readAll(request),
    size: (request) => remote.size(request),
    list: (request) => remote.list(request),
  });
}

function urlOf(code: Uint8Array): string {
  return URL.createObjectURL(new Blob([new Uint8Array(code)], { type: "text/javascript" }));
}

/** Whoever started this worker ends it, and goes on elsewhere. */
function tellGpuLost(reason: string): void {
  self.postMessage({ kind: "gpu-lost", reason } satisfies GpuLost);
}
