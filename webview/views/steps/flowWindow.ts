import { computed, signal, type ReadonlySignal } from "@preact/signals-core";

/** Pixels of a row; the stylesheet sets the same. */
export const flowRowHeight = 24;

/** Rows drawn above and below what is seen, so that scrolling shows no gaps. */
const OVERSCAN = 3;
/** Of the window's height, as the stylesheet sets it; never less than `LEAST_HEIGHT` pixels. */
const SHARE = 0.42;
const LEAST_HEIGHT = 240;

/** Of that height, rows that stand still: two of the head, one of the foot. */
const STANDING = 3;

/** Which rows of the table of one query are drawn: those that are seen, and a few around them. */
export interface FlowWindow {
  readonly rows: ReadonlySignal<{ readonly start: number; readonly count: number }>;
  scrolledTo(pixels: number): void;
  stop(): void;
}

export function createFlowWindow(): FlowWindow {
  const scrollTop = signal(0);
  const windowHeight = signal(innerHeight);
  const onResize = () => (windowHeight.value = innerHeight);
  addEventListener("resize", onResize);
  const start = computed(() => Math.max(0, Math.floor(scrollTop.value / flowRowHeight) - OVERSCAN));
  const count = computed(
    () =>
      Math.ceil(Math.max(LEAST_HEIGHT, SHARE * windowHeight.value) / flowRowHeight) - STANDING + 2 * OVERSCAN,
  );
  return {
    rows: computed(() => ({ start: start.value, count: count.value })),
    scrolledTo: (pixels) => (scrollTop.value = pixels),
    stop: () => removeEventListener("resize", onResize),
  };
}
