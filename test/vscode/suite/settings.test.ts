import { assert } from "chai";
import { closeAll, headlight, sampleUri, setting } from "./headlight";

describe("Settings", () => {
  afterEach(async () => {
    for (const name of ["tokenLimit", "model", "threads", "backend"]) await setting(name, undefined);
    await closeAll();
  });

  it("refuse more tokens than a person allows", async () => {
    await setting("tokenLimit", 4);
    const { outcome, error } = await (
      await headlight()
    ).inspect({ text: "one two three four five six seven" });
    assert.equal(outcome, "failed");
    assert.equal(error?.code, "too-many-tokens");
    assert.match(error?.message ?? "", /at most 4\b/);
  });

  it("take another number of threads for the next inspection", async () => {
    await setting("threads", 1);
    const { run } = await (await headlight()).inspect({ text: "I saw a saw." });
    assert.equal(run?.backend.threads, 1);
  });

  it("run on WebGPU, or say why not: this browser may have no adapter", async () => {
    const api = await headlight();
    const wasm = await api.inspect({ text: "I saw a saw." });
    assert.isUndefined(wasm.run?.backend.fallback);
    await setting("backend", "webgpu");
    const { outcome, run } = await api.inspect({ text: "I saw a saw." });
    assert.equal(outcome, "shown");
    const { navigator: browser = {} } = globalThis as { navigator?: object };
    if ("gpu" in browser) assert.equal(run?.backend.name, "webgpu", run?.backend.fallback?.detail);
    else if (run?.backend.name !== "webgpu") {
      assert.equal(run?.backend.name, "wasm");
      assert.oneOf(run?.backend.fallback?.code, ["no-page", "no-webgpu", "no-jspi", "no-adapter"]);
    }
    const query = { runId: run!.runId, choices: [{ block: "decoder", layer: 0, head: 0 } as const] };
    const [row] = await api.vectors({ ...query, measure: "weights", axis: "query", index: 2 });
    assert.closeTo(
      row!.reduce((sum, weight) => sum + weight, 0),
      1,
      1e-4,
    );
  });

  it("name a model that is not there", async () => {
    await setting("model", "no-such-model");
    const { outcome, error } = await (await headlight()).inspect({ text: "I saw a saw." });
    assert.equal(outcome, "failed");
    assert.equal(error?.code, "unknown-model");
    assert.include(error?.message, "no-such-model");
  });

  it("name a folder whose model is damaged, and work again with a sound one", async () => {
    await setting("model", sampleUri("damaged-model").fsPath);
    const damaged = await (await headlight()).inspect({ text: "I saw a saw." });
    assert.equal(damaged.outcome, "failed");
    assert.notEqual(damaged.error?.code, "unexpected", damaged.error?.message);
    await setting("model", undefined);
    assert.equal((await (await headlight()).inspect({ text: "I saw a saw." })).outcome, "shown");
  });
});
