import type { ReadonlySignal, Signal } from "@preact/signals-core";
import { howToChoose, type HowToChoose } from "../../state/chooseQueries";
import type { HeadGeometry } from "./geometry";
import type { HeadPlace } from "./place";
import { cellAt, everything, panBy, zoomAt, type Viewport } from "./viewport";

/** Pixels that the pointer may move during a click. */
const slack = 4;

/** Hover points, wheel and pinch zoom, drag pans, a click chooses the row, a double click shows everything. */
export function listenToPointer(
  figure: HTMLElement,
  place: HeadPlace,
  viewport: Signal<Viewport>,
  geometry: ReadonlySignal<HeadGeometry>,
  choose: (row: number, how: HowToChoose) => void,
): () => void {
  const touches = new Map<number, { x: number; y: number }>();
  let start: { x: number; y: number } | undefined;
  let moved = false;
  let pinch = 0;

  const inPlot = (event: MouseEvent) => {
    const box = figure.getBoundingClientRect();
    const { left, top } = geometry.peek();
    return { x: event.clientX - box.left - left, y: event.clientY - box.top - top };
  };
  const pointAt = (event: MouseEvent) => {
    const { x, y } = inPlot(event);
    place.point(cellAt(viewport.peek(), geometry.peek(), x, y));
  };
  const spread = () => {
    const [one, other] = [...touches.values()];
    return one && other ? Math.hypot(one.x - other.x, one.y - other.y) : 0;
  };

  const listeners: { [K in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[K]) => void } = {
    pointerdown(event) {
      if (event.button !== 0) return;
      const at = inPlot(event);
      touches.set(event.pointerId, at);
      start = at;
      moved = false;
      pinch = spread();
      if (cellAt(viewport.peek(), geometry.peek(), at.x, at.y)) figure.setPointerCapture(event.pointerId);
    },
    pointermove(event) {
      const at = inPlot(event);
      const before = touches.get(event.pointerId);
      if (!before) return pointAt(event);
      touches.set(event.pointerId, at);
      if (touches.size === 2) {
        const now = spread();
        if (pinch > 0 && now > 0) {
          viewport.value = zoomAt(viewport.peek(), geometry.peek(), now / pinch, at.x, at.y);
        }
        pinch = now;
        moved = true;
        return;
      }
      if (start && Math.hypot(at.x - start.x, at.y - start.y) > slack) moved = true;
      if (!moved) return;
      viewport.value = panBy(viewport.peek(), geometry.peek(), at.x - before.x, at.y - before.y);
    },
    pointerup(event) {
      const wasDown = touches.delete(event.pointerId);
      const { x, y } = inPlot(event);
      const at = cellAt(viewport.peek(), geometry.peek(), x, y);
      if (!wasDown || moved || !at) return;
      choose(at.query, howToChoose(event));
    },
    pointercancel: (event) => void touches.delete(event.pointerId),
    pointerleave: () => {
      if (!figure.matches(":focus-visible")) place.point(undefined);
    },
    dblclick: () => {
      viewport.value = everything;
    },
  };
  const onWheel = (event: WheelEvent) => {
    const { x, y } = inPlot(event);
    if (!cellAt(viewport.peek(), geometry.peek(), x, y)) return;
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    // A pinch on a touchpad comes as a wheel with the control key and small steps.
    const speed = event.ctrlKey ? 0.01 : 0.002;
    viewport.value = zoomAt(viewport.peek(), geometry.peek(), Math.exp(-event.deltaY * lines * speed), x, y);
    pointAt(event);
  };
  figure.addEventListener("wheel", onWheel, { passive: false });
  for (const [name, listener] of Object.entries(listeners))
    figure.addEventListener(name, listener as EventListener);
  return () => {
    figure.removeEventListener("wheel", onWheel);
    for (const [name, listener] of Object.entries(listeners)) {
      figure.removeEventListener(name, listener as EventListener);
    }
  };
}
