import { parentPort, workerData } from "node:worker_threads";
import { createService } from "../engine/worker/service";
import { openChannel, type Channel } from "../protocol/channel";
import type { EngineContract, EngineEvents } from "../protocol/engineContract";
import { nodePlatform } from "./platform";
import type { WorkerSetup } from "./workerStarter";

const port = parentPort!;
const { runtimeFolder } = workerData as WorkerSetup;

const channel: Channel<object, EngineEvents> = openChannel<EngineContract, object, object, EngineEvents>(
  {
    post: (message, transfer = []) => port.postMessage(message, transfer),
    listen: (receive) => port.on("message", receive),
  },
  createService(nodePlatform(runtimeFolder), {
    progress: (event) => channel.emit("progress", event),
    stubborn: (event) => channel.emit("stubborn", event),
    swelled: (event) => channel.emit("swelled", event),
    log: (event) => channel.emit("log", event),
  }),
);
