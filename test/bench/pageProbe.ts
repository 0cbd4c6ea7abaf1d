/** Runs in the page that is measured: every figure comes from its own clock. */

export interface Changes {
  /** Keys pressed one after the other, over and over; each press is one change. */
  readonly keys?: readonly string[];
  /** Where keys go; the page where absent. */
  readonly target?: string;
  /** A slider that is moved to and fro in place of keys. */
  readonly slider?: string;
  readonly nChanges: number;
  /** The same changes were made before: the data is in hand. */
  readonly isWarm?: boolean;
}

export interface ChangeTimes {
  /** For each change: ms of the main thread from the change to the painted frame, without the wait for the screen's tick. */
  readonly workMs: number[];
}

/**
 * The handler, then the two frames that follow: their animation callbacks, style, layout and paint. The second counts
 * what was put off to it.
 */
export async function timeChanges({
  keys = [],
  target,
  slider,
  nChanges,
  isWarm,
}: Changes): Promise<ChangeTimes> {
  const frame = () =>
    new Promise<number>((resolve) =>
      requestAnimationFrame(() => {
        const start = performance.now();
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => resolve(performance.now() - start);
        port2.postMessage(undefined);
      }),
    );
  const find = (selector: string | undefined) => {
    const shown = selector === undefined ? document.body : document.querySelector<HTMLElement>(selector);
    if (!shown) throw new Error(`${selector} is not in the page`);
    return shown;
  };
  const change = (index: number) => {
    if (slider === undefined) {
      const key = keys[index % keys.length]!;
      find(target).dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
      return;
    }
    const input = find(slider) as HTMLInputElement;
    const [low, high] = [Number(input.min), Number(input.max)];
    input.value = String(low + (high - low) * (index % 2 ? 0.4 : 0.6));
    input.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const workMs: number[] = [];
  // As many changes first as there are different ones: then the data is in hand.
  const nFirst = isWarm ? 0 : Math.max(4, 2 * keys.length);
  for (let index = 0; index < nFirst + nChanges; index++) {
    const first = frame();
    const start = performance.now();
    change(index);
    const handlerMs = performance.now() - start;
    const frameMs = await first;
    const nextMs = await frame();
    if (index < nFirst) await new Promise((resolve) => setTimeout(resolve, 400));
    else workMs.push(handlerMs + frameMs + nextMs);
    await frame();
  }
  return { workMs };
}

export interface FrameTimes {
  /** From each frame to the next. */
  readonly intervalMs: number[];
  /** Of the main thread in each frame: callbacks, style, layout, paint. */
  readonly workMs: number[];
}

/** A wheel turn a frame about a point of the plot, in and out; or a drag across it. */
export async function timeGesture({
  how,
  nFrames,
}: {
  readonly how: "zoom" | "pan";
  readonly nFrames: number;
}): Promise<FrameTimes> {
  const figure = document.querySelector<HTMLElement>(".figure")!;
  const box = document.querySelector(".figure .cells")!.getBoundingClientRect();
  const at = { clientX: box.left + box.width * 0.4, clientY: box.top + box.height * 0.6 };
  const turn = (deltaY: number) =>
    figure.dispatchEvent(new WheelEvent("wheel", { ...at, deltaY, bubbles: true, cancelable: true }));
  const pointer = (type: string, dx: number) =>
    figure.dispatchEvent(
      new PointerEvent(type, {
        clientX: at.clientX + dx,
        clientY: at.clientY + dx / 2,
        button: 0,
        pointerId: 1,
        isPrimary: true,
        bubbles: true,
      }),
    );
  if (how === "pan") {
    for (let step = 0; step < 8; step++) turn(-250);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    // A synthetic pointer cannot be captured.
    figure.setPointerCapture = () => {};
    pointer("pointerdown", 0);
  }
  const starts: number[] = [];
  const workMs: number[] = [];
  for (let index = 0; index < nFrames; index++) {
    await new Promise<void>((resolve) =>
      requestAnimationFrame(() => {
        starts.push(performance.now());
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => {
          const handled = performance.now();
          workMs.push(handled - starts.at(-1)!);
          // Moves come before the next frame, as the browser hands them out.
          if (how === "zoom") turn(index % nFrames < nFrames / 2 ? -60 : 60);
          else pointer("pointermove", 200 * Math.sin(index / 10));
          workMs[workMs.length - 1]! += performance.now() - handled;
          resolve();
        };
        port2.postMessage(undefined);
      }),
    );
  }
  if (how === "pan") pointer("pointerup", 0);
  const intervalMs = starts.slice(1).map((start, index) => start - starts[index]!);
  return { intervalMs, workMs };
}

/** From the arrival of an overview's bytes in the page to the frame in which it is painted, and three more: ms of the main thread. */
export function timeOverview(): Promise<number> {
  return new Promise((resolve) => {
    const onMessage = ({ data }: MessageEvent<unknown>) => {
      if (!holdsThumbnails(data)) return;
      window.removeEventListener("message", onMessage, true);
      const start = performance.now();
      let handlerMs = 0;
      // The next task: the page's own listener and what follows from it have run.
      const handled = new MessageChannel();
      handled.port1.onmessage = () => (handlerMs = performance.now() - start);
      handled.port2.postMessage(undefined);
      const countFrame = (sum: number, left: number) =>
        requestAnimationFrame(() => {
          const frameStart = performance.now();
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => {
            const worked = sum + performance.now() - frameStart;
            if (left > 0) countFrame(worked, left - 1);
            else resolve(handlerMs + worked);
          };
          port2.postMessage(undefined);
        });
      countFrame(0, 3);
    };
    window.addEventListener("message", onMessage, true);
  });

  function holdsThumbnails(data: unknown): boolean {
    const value = (
      data as { value?: { layers?: unknown[]; rows: number; columns: number; data?: unknown } } | null
    )?.value;
    const nMeans = (value?.layers?.length ?? 0) * (value?.rows ?? 0) * (value?.columns ?? 0);
    return value?.data instanceof Uint8Array && nMeans > 0 && value.data.length > nMeans;
  }
}
