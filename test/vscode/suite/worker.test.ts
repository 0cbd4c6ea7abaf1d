import { assert } from "chai";
import type * as WorkerThreads from "node:worker_threads";
import { closeAll, headlight, until } from "./headlight";

const LONG = "I saw a saw, and the saw saw me. ".repeat(6);

// In the web host a page cannot see another's workers; there the engine's own tests cover this.
const threads = (
  globalThis as { process?: { getBuiltinModule?(name: string): typeof WorkerThreads | undefined } }
).process?.getBuiltinModule?.("node:worker_threads");

if (threads) {
  const { Worker } = threads;

  describe("The engine's worker", () => {
    const workers = new Set<WorkerThreads.Worker>();
    const post = Worker.prototype.postMessage;

    before(() => {
      Worker.prototype.postMessage = function (this: WorkerThreads.Worker, ...sent) {
        workers.add(this);
        return post.apply(this, sent);
      };
    });
    after(async () => {
      Worker.prototype.postMessage = post;
      await closeAll();
    });

    it("killed in mid-run fails that inspection with a sentence, and the next one works", async () => {
      const api = await headlight();
      assert.equal((await api.inspect({ text: "I saw a saw." })).outcome, "shown");
      const running = api.inspect({ text: LONG });
      await until(({ status }) => status === "running");
      assert.isNotEmpty([...workers]);
      await Promise.all([...workers].map((worker) => worker.terminate()));
      workers.clear();
      const { outcome, error } = await running;
      assert.equal(outcome, "failed");
      assert.equal(error?.code, "worker-died");
      const next = await api.inspect({ text: LONG });
      assert.equal(next.outcome, "shown", JSON.stringify(next.error));
    });

    it("killed after a run costs nothing: reading the run brings it back", async () => {
      const api = await headlight();
      const { run } = await api.inspect({ text: "I saw a saw." });
      await Promise.all([...workers].map((worker) => worker.terminate()));
      workers.clear();
      const query = {
        choices: [api.current().selection!.choice],
        measure: "weights",
        axis: "query",
        index: 0,
      };
      const read = api.vectors({ ...query, runId: run!.runId } as Parameters<typeof api.vectors>[0]);
      await read.then(
        () => assert.fail("the run was in a worker that is gone"),
        (error: { code?: string }) => assert.include(["worker-died", "unknown-run"], error.code),
      );
      const back = await until(
        (snapshot) => snapshot.status === "shown" && snapshot.run?.runId !== run?.runId,
      );
      assert.equal(back.text, "I saw a saw.");
    });
  });
}
