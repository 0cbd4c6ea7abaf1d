import type { Page } from "playwright-core";

/** What the page's main thread did meanwhile. */
export interface MainThread {
  /** Processor time of each task in ms: what it took by itself, whatever else the machine does. */
  readonly taskMs: readonly number[];
  /** The longest task by the clock in ms. */
  readonly longestWallMs: number;
}

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds. */
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** Traces tasks and little else: the trace itself costs time. */
const CATEGORIES = ["toplevel"];

/** Runs `work` and reads from the browser's trace what it cost the page's main thread. */
export async function onMainThread<T>(
  page: Page,
  work: () => Promise<T>,
): Promise<MainThread & { result: T }> {
  const browser = page.context().browser()!;
  await browser.startTracing(page, { categories: CATEGORIES });
  let trace: Buffer;
  let result: T;
  try {
    result = await work();
  } finally {
    trace = await browser.stopTracing();
  }
  const { traceEvents } = JSON.parse(trace.toString()) as { traceEvents: TraceEvent[] };
  const threadOf = ({ pid, tid }: TraceEvent) => `${pid}/${tid}`;
  const renderers = new Set(
    traceEvents
      .filter(({ name, args }) => name === "thread_name" && args?.name === "CrRendererMain")
      .map(threadOf),
  );
  const tasks = traceEvents.filter(
    (event) =>
      event.ph === "X" && event.name === "ThreadControllerImpl::RunTask" && renderers.has(threadOf(event)),
  );
  if (!tasks.some(({ tdur }) => tdur !== undefined))
    throw new Error("The browser's trace holds no processor times of its tasks.");
  return {
    result,
    taskMs: tasks.map(({ tdur = 0 }) => tdur / 1000),
    longestWallMs: Math.max(0, ...tasks.map(({ dur = 0 }) => dur / 1000)),
  };
}
