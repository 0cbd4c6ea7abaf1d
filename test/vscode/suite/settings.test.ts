import { assert } from "chai";
import { closeAll, headlight, sampleUri, setting } from "./headlight";

describe("Settings", () => {
  afterEach(async () => {
    for (const name of ["tokenLimit", "model", "threads"]) await setting(name, undefined);
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
