import { effect } from "@preact/signals-core";

/** What waits for the next animation frame. */
const pending = new Set<() => void>();

/**
 * Runs `draw` now and again in the next animation frame after any signal that it read has changed, once for
 * however many changes. Returns how to end it.
 */
export function onFrame(draw: () => void): () => void {
  let request = 0;
  let stop: () => void = () => {};
  let ended = false;
  const start = () => {
    cancelAnimationFrame(request);
    pending.delete(start);
    if (ended) return;
    let first = true;
    stop = effect(() => {
      if (first) {
        first = false;
        draw();
      } else {
        // Subscribes to nothing, so it is the last run of this effect.
        cancelAnimationFrame(request);
        pending.add(start);
        request = requestAnimationFrame(start);
      }
    });
  };
  start();
  return () => {
    ended = true;
    pending.delete(start);
    cancelAnimationFrame(request);
    stop();
  };
}

/** Draws what waits before a key is handled: two keys within one frame then step from where the first one led. */
export function drawBeforeKeys(): void {
  document.addEventListener("keydown", drawPending, { capture: true });
}

function drawPending(): void {
  for (const start of [...pending]) start();
}

/** Resolves when the browser has painted what is drawn in the next animation frame. */
export function nextPainting(): Promise<void> {
  return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)));
}
