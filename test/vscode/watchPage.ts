/** What happened in a frame of the window; times in milliseconds since the epoch. */
export type Note = KeyNote | MessageNote | PaintingNote;

interface KeyNote {
  readonly what: "key";
  readonly atMs: number;
  readonly key: string;
}

/** A message between the inspector's page and the extension, as the page sees it. */
export interface MessageNote {
  readonly what: "in" | "out";
  readonly atMs: number;
  /** "event content shown", "result thumbnails", "call matrix". */
  readonly name: string;
  /** Of what is sent: characters of text, bytes of binary data. */
  readonly bytes: number;
  /** Of a run's summary: what the worker itself took, and the bytes of all its weights. */
  readonly durations?: { readonly runMs: number; readonly totalMs: number };
  readonly runBytes?: number;
}

interface PaintingNote {
  readonly what: "painting";
  readonly atMs: number;
  /** Classes of the view that holds the canvas. */
  readonly place: string;
  readonly checksum: number;
}

/** Runs in every frame first: notes keys, the messages of the inspector's page, and what is put on its canvases. */
export function watchPage(): void {
  const notes: Note[] = [];
  Object.assign(window, { headlightNotes: notes });
  const nowMs = () => performance.timeOrigin + performance.now();
  const asked = new Map<number, string>();

  interface Message {
    readonly kind?: string;
    readonly id?: number;
    readonly method?: string;
    readonly event?: string;
    readonly argument?: { readonly status?: string; readonly run?: unknown };
  }

  interface Run {
    readonly durations: { readonly runMs: number; readonly totalMs: number };
    readonly blocks: { layers: { nHeads: number; nQueries: number; nKeys: number }[] }[];
  }

  function weightBytes({ blocks }: Run): number {
    const layers = blocks.flatMap((block) => block.layers);
    return layers.reduce((sum, { nHeads, nQueries, nKeys }) => sum + nHeads * nQueries * nKeys * 4, 0);
  }

  /** Typed arrays and buffers by their bytes, all else by its JSON. */
  function sizeOf(value: unknown): number {
    let bytes = 0;
    const text = JSON.stringify(value, (_, part: unknown) => {
      if (part instanceof ArrayBuffer || ArrayBuffer.isView(part)) {
        bytes += part.byteLength;
        return undefined;
      }
      return part;
    });
    return bytes + (text?.length ?? 0);
  }

  function note(what: "in" | "out", raw: unknown, atMs: number): void {
    const message = (raw ?? {}) as Message;
    const { kind, id = -1, method, event, argument } = message;
    if (kind === "call") asked.set(id, method ?? "");
    const isKnown = kind === "call" || kind === "event" || kind === "result" || kind === "failure";
    if (!isKnown) return;
    const subject = method ?? (event ? [event, argument?.status ?? ""].join(" ").trim() : asked.get(id));
    const run = argument?.run as Run | undefined;
    notes.push({
      what,
      atMs,
      name: `${kind} ${subject}`,
      bytes: sizeOf(raw),
      ...(run && { durations: run.durations, runBytes: weightBytes(run) }),
    });
  }

  window.addEventListener(
    "keydown",
    ({ key, timeStamp }) => notes.push({ what: "key", atMs: performance.timeOrigin + timeStamp, key }),
    { capture: true },
  );
  // Called by the page that gets the port: VS Code writes the document anew, which takes all listeners away.
  const headlightWatch = () => {
    window.addEventListener("message", ({ data }) => note("in", data, nowMs()));
    return (raw: unknown) => note("out", raw, nowMs());
  };
  Object.assign(window, { headlightWatch });

  const { prototype } = CanvasRenderingContext2D;
  const put = prototype.putImageData;
  prototype.putImageData = function (this: CanvasRenderingContext2D, image: ImageData, x: number, y: number) {
    Reflect.apply(put, this, [image, x, y]);
    const atMs = nowMs();
    let checksum = 0;
    for (const pixel of new Uint32Array(image.data.buffer)) checksum = (checksum * 31 + pixel) | 0;
    const place = this.canvas.closest(".view")?.className ?? "";
    notes.push({ what: "painting", atMs, place, checksum });
  } as typeof put;
}
