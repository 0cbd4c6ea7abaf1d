import { signal, type ReadonlySignal } from "@preact/signals-core";

/** The size of an element's content box in CSS pixels, as it changes. */
export function watchSize(element: Element): {
  readonly size: ReadonlySignal<{ readonly width: number; readonly height: number }>;
  stop(): void;
} {
  const size = signal({ width: element.clientWidth, height: element.clientHeight });
  const observer = new ResizeObserver(([entry]) => {
    const { width, height } = entry!.contentRect;
    const before = size.peek();
    if (Math.abs(before.width - width) >= 1 || Math.abs(before.height - height) >= 1)
      size.value = { width, height };
  });
  observer.observe(element);
  return { size, stop: () => observer.disconnect() };
}
