import { createService } from "../engine/worker/service";
import { openChannel, type Channel } from "../protocol/channel";
import type { EngineContract, EngineEvents } from "../protocol/engineContract";
import { webPlatform } from "./platform";
import type { WorkerSetup } from "./workerStarter";

// The first message says where the runtime lies; the channel takes all that follow.
self.addEventListener("message", ({ data }: MessageEvent<WorkerSetup>) => start(data), { once: true });

function start({ runtimeUrl }: WorkerSetup): void {
  const channel: Channel<object, EngineEvents> = openChannel<EngineContract, object, object, EngineEvents>(
    {
      post: (message) => self.postMessage(message),
      listen: (receive) => {
        self.onmessage = ({ data }: MessageEvent<unknown>) => receive(data);
      },
    },
    createService(webPlatform(runtimeUrl), {
      progress: (event) => channel.emit("progress", event),
      log: (event) => channel.emit("log", event),
    }),
  );
  self.postMessage({ kind: "started" });
}
