import { describe, expect, it, vi } from "vitest";
import { HeadlightError, workerDied } from "../../../src/core/errors";
import { openChannel, type Local } from "../../../src/protocol/channel";
import { portPair } from "./pair";

interface Far {
  double(n: number): Promise<number>;
  slow(n: number): Promise<number>;
  fail(): Promise<void>;
  unclonable(): Promise<unknown>;
}
interface Events {
  progress(event: { fraction: number }): void;
}

function join(methods: Partial<Local<Far>>, events: Partial<Events> = {}) {
  const [a, b] = portPair();
  const near = openChannel<object, Events, Far, object>(a, {}, events);
  const far = openChannel<Far, object, object, Events>(b, methods);
  return { near, far, a, b };
}

const settleAll = () => new Promise((resolve) => setTimeout(resolve, 20));

describe("a channel", () => {
  it("answers each call with its own result when answers come out of order", async () => {
    const { near } = join({
      slow: (n) => new Promise((resolve) => setTimeout(() => resolve(n), 15)),
      double: (n) => 2 * n,
    });
    const order: string[] = [];
    const slow = near.remote.slow(1).then((value) => (order.push("slow"), value));
    const fast = near.remote.double(21).then((value) => (order.push("fast"), value));
    expect(await Promise.all([slow, fast])).toEqual([1, 42]);
    expect(order).toEqual(["fast", "slow"]);
  });

  it("carries a HeadlightError with its code and detail, and wraps any other throw", async () => {
    const { near } = join({
      fail: () => {
        throw new HeadlightError("too-hot", "It is 300 K too hot.", "sensor 2");
      },
      slow: () => Promise.reject(new TypeError("boom")),
    });
    await expect(near.remote.fail()).rejects.toMatchObject({
      code: "too-hot",
      message: "It is 300 K too hot.",
      detail: "sensor 2",
    });
    await expect(near.remote.slow(1)).rejects.toMatchObject({ code: "unexpected" });
  });

  it("fails a call whose result cannot be cloned", async () => {
    const { near } = join({ unclonable: () => ({ f: () => 1 }) });
    await expect(near.remote.unclonable()).rejects.toMatchObject({ code: "unexpected" });
  });

  it("fails a call of a method that is not there, own or inherited", async () => {
    const { near } = join({});
    await expect(near.remote.double(1)).rejects.toMatchObject({ code: "unknown-method" });
    const anyRemote = near.remote as unknown as Record<string, () => Promise<unknown>>;
    await expect(anyRemote.constructor!()).rejects.toMatchObject({ code: "unknown-method" });
    await expect(anyRemote.__proto__!()).rejects.toMatchObject({ code: "unknown-method" });
  });

  it("cancels: fails here at once, aborts there, drops the late answer, and says when the far side let go", async () => {
    let aborted = false;
    const { near } = join({
      slow: (n, { signal }) =>
        new Promise((resolve) => {
          signal.addEventListener("abort", () => {
            aborted = true;
            resolve(n);
          });
        }),
    });
    const controller = new AbortController();
    const onStopped = vi.fn();
    const call = near.remote.slow(1, { signal: controller.signal, onStopped });
    await settleAll();
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: "cancelled" });
    expect(onStopped).not.toHaveBeenCalled();
    await settleAll();
    expect(aborted).toBe(true);
    expect(onStopped).toHaveBeenCalledTimes(1);
  });

  it("does not send a call whose signal has aborted already", async () => {
    const double = vi.fn((n: number) => n);
    const { near } = join({ double });
    const controller = new AbortController();
    controller.abort();
    await expect(near.remote.double(1, { signal: controller.signal })).rejects.toMatchObject({
      code: "cancelled",
    });
    await settleAll();
    expect(double).not.toHaveBeenCalled();
  });

  it("close fails open calls and later ones, once each", async () => {
    const { near } = join({ slow: () => new Promise(() => {}) });
    const rejections = vi.fn();
    const open = near.remote.slow(1).catch(rejections);
    near.close(workerDied("gone"));
    near.close(workerDied("again"));
    await open;
    await near.remote.double(1).catch(rejections);
    expect(rejections).toHaveBeenCalledTimes(2);
    expect(rejections.mock.calls[0]![0]).toMatchObject({ code: "worker-died", detail: "gone" });
  });

  it("ignores what is not a message, and answers to calls that nobody made", async () => {
    const { near, a, b } = join({ double: (n) => 2 * n });
    const malformed = [
      null,
      7,
      "call",
      [],
      {},
      { kind: "call" },
      { kind: "call", id: "1", method: "double" },
      { kind: "result" },
      { kind: "failure", id: 1, error: null },
      { kind: "failure", id: 1, error: { code: 1 } },
      { kind: "result", id: 99, value: 1 },
      { kind: "cancel", id: 99 },
      { kind: "event" },
      { kind: "event", event: "toString", argument: 1 },
    ];
    for (const message of malformed) {
      a.post(message);
      b.post(message);
    }
    expect(await near.remote.double(4)).toBe(8);
  });

  it("delivers events, and has no `then`", async () => {
    const progress = vi.fn();
    const { near, far } = join({}, { progress });
    far.emit("progress", { fraction: 0.5 });
    await settleAll();
    expect(progress).toHaveBeenCalledWith({ fraction: 0.5 });
    expect((near.remote as { then?: unknown }).then).toBeUndefined();
    expect(await near.remote).toBe(near.remote);
  });
});
