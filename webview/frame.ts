import { effect } from "@preact/signals-core";

/**
 * Runs `draw` now and again in the next animation frame after any signal that it read has changed, once for
 * however many changes. Returns how to end it.
 */
export function onFrame(draw: () => void): () => void {
  let request = 0;
  let stop: () => void = () => {};
  let ended = false;
  const start = () => {
    if (ended) return;
    let first = true;
    stop = effect(() => {
      if (first) {
        first = false;
        draw();
      } else {
        // Subscribes to nothing, so it is the last run of this effect.
        cancelAnimationFrame(request);
        request = requestAnimationFrame(start);
      }
    });
  };
  start();
  return () => {
    ended = true;
    cancelAnimationFrame(request);
    stop();
  };
}
