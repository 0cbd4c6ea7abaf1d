import { createService } from "../engine/worker/service";
import { openChannel, type Channel } from "../protocol/channel";
import type { EngineContract, EngineEvents } from "../protocol/engineContract";
import type { FilesContract } from "./filesContract";
import { gpuAdapter } from "./gpuAdapter";
import { uriFiles } from "./uriFiles";
import { messagePort, type WorkerSetup } from "./workerStarter";

// The first message brings the runtime and a port for files; the channel takes all that follow.
self.addEventListener("message", ({ data }: MessageEvent<WorkerSetup>) => start(data), { once: true });

function start({ runtime, files, hasGpu }: WorkerSetup): void {
  const { remote } = openChannel<object, object, FilesContract, object>(messagePort(files), {});
  const code = new Blob([new Uint8Array(runtime.mjs)], { type: "text/javascript" });
  const service = createService(
    {
      files: uriFiles({
        readAll: (request) => remote.readAll(request),
        size: (request) => remote.size(request),
        list: (request) => remote.list(request),
      }),
      runtime: { mjs: URL.createObjectURL(code), wasm: runtime.wasm },
      nCores: 1,
      ...(hasGpu && { gpu: gpuAdapter }),
    },
    {
      progress: (event) => channel.emit("progress", event),
      stubborn: (event) => channel.emit("stubborn", event),
      log: (event) => channel.emit("log", event),
    },
  );
  const channel: Channel<object, EngineEvents> = openChannel<EngineContract, object, object, EngineEvents>(
    {
      post: (message) => self.postMessage(message),
      listen: (receive) => {
        self.onmessage = ({ data }: MessageEvent<unknown>) => receive(data);
      },
    },
    // Threads share memory, which a page may do only when it is isolated from other origins: VS Code's is not.
    { ...service, configure: (settings, call) => service.configure({ ...settings, threads: 1 }, call) },
  );
  self.postMessage({ kind: "started" });
}
