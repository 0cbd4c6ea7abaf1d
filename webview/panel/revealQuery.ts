import type { Comparison } from "../../src/protocol/comparison";
import type { Panel } from "./panelState";

/** Shows A's token (where A has none, B's) in the editor; the inspector takes it for its query where it shows that run. */
export function revealQuery({ inspector, pins, open }: Panel, shown: Comparison, index: number): void {
  const { a, b } = shown.queries[index] ?? {};
  const [pin, token] = a ? [pins.peek().a, a] : [pins.peek().b, b];
  if (!pin?.runId || !pin.choice || !token) return;
  if (pin.runId === inspector.run.peek()?.runId) open(pin.choice, token.start);
  // Only an encoder-decoder's target is written nowhere.
  const isSource = inspector.run.peek()?.runId !== pin.runId || inspector.block.peek()?.queries === "source";
  const message = { runId: pin.runId, side: isSource ? "source" : "target", index: token.start } as const;
  inspector.host.remote.revealToken(message).catch(() => undefined);
}
