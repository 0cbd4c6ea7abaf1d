import vm from "node:vm";
import { tokenizerTooSlow } from "../core/errors";
import type { Bounded } from "../engine/worker/bounded";

/** Stops a computation of this thread after its time: V8 looks for that even while an expression backtracks. */
export const nodeBounded: Bounded = ({ model, limitMs }, run) => {
  const outer = globalThis[SLOT];
  let value!: ReturnType<typeof run>;
  globalThis[SLOT] = () => {
    value = run();
  };
  try {
    CALL.runInThisContext({ timeout: Math.ceil(limitMs) });
    return value;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw error;
    throw tokenizerTooSlow(model, limitMs);
  } finally {
    globalThis[SLOT] = outer;
  }
};

const SLOT = "headlightBoundedRun";
const CALL = new vm.Script(`${SLOT}()`);

declare global {
  var headlightBoundedRun: (() => void) | undefined;
}
