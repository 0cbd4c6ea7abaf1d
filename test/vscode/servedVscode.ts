import fs from "node:fs";
import path from "node:path";
import { chromium, type FrameLocator, type Locator, type Page } from "playwright-core";
import { browserArguments, findBrowser, softwareGpu } from "../../scripts/browser.mjs";
import { outFolder, root, throwawayFolder } from "../../scripts/folders.mjs";
import { linkExtension } from "../../scripts/vscode/linkExtension.mjs";
import { addressOf, installVsix, startServer } from "../../scripts/vscode/server.mjs";
import { watchPage, type Note } from "./watchPage";

const themes = {
  light: "Default Light Modern",
  dark: "Default Dark Modern",
  "high-contrast": "Default High Contrast",
  "high-contrast-light": "Default High Contrast Light",
};
export type Theme = keyof typeof themes;

/** One window of it, in a page of the browser. */
export interface ServedWindow {
  readonly page: Page;
  /** The inspector's page, inside the webview's two frames. */
  readonly inspector: FrameLocator;
  /** Runs a command of the palette by its whole title. */
  run(command: string): Promise<void>;
  /** The first line of the editor that holds this text. */
  line(text: string): Locator;
  /** Rests the pointer on a word of a line. */
  pointAt(lineText: string, word: string): Promise<void>;
  /** Waits until a canvas below `selector` of the inspector shows something. */
  painted(selector: string): Promise<void>;
  /** Keeps a picture in out/screenshots. */
  picture(name: string): Promise<void>;
}

/** A person's VS Code: a window in a browser, on a copy of the samples. */
export interface ServedVscode extends ServedWindow {
  readonly folder: string;
  /** Another window of the same server, on another folder. */
  openWindow(folder: string, file: string): Promise<ServedWindow>;
  setTheme(theme: Theme): Promise<void>;
  /** Changes a setting of the machine, as settings.json has it. */
  set(name: string, value: unknown): Promise<void>;
  /** Waits until what VS Code keeps over a reload satisfies; in a browser it writes that down every 5 s. */
  stateKept(satisfies: (state: string) => boolean): Promise<void>;
  /** Every key, message and painting so far, in order of time, where that is watched. */
  notes(): Promise<Note[]>;
  close(): Promise<void>;
}

export async function openVscode(options: {
  file: string;
  theme?: Theme;
  vsix?: string;
  settings?: Readonly<Record<string, unknown>>;
  /** A folder to copy; the samples when absent. */
  from?: string;
  watch?: boolean;
  /** A browser with a graphics adapter, which the processor draws. */
  gpu?: boolean;
}): Promise<ServedVscode> {
  const dataFolder = throwawayFolder("journey");
  const folder = path.join(dataFolder, "samples");
  fs.cpSync(options.from ?? path.join(root, "samples"), folder, { recursive: true });
  if (options.vsix) await installVsix(dataFolder, options.vsix);
  else linkExtension(dataFolder, root);
  const executablePath = findBrowser();
  const settings: Record<string, unknown> = {
    ...options.settings,
    "workbench.colorTheme": themes[options.theme ?? "light"],
    "editor.minimap.enabled": false,
  };
  const server = await startServer({ dataFolder, settings });
  const browser = await chromium.launch({
    executablePath,
    args: [...browserArguments, ...(options.gpu ? softwareGpu : [])],
  });
  const openWindow = async (folder: string, file: string): Promise<ServedWindow> => {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    page.setDefaultTimeout(240_000);
    await page.addInitScript(keepWebviewPort);
    if (options.watch) await page.addInitScript(watchPage);
    await page.goto(addressOf(server, { folder, file: path.join(folder, file) }));
    await page.getByRole("tab", { name: file }).waitFor();
    await page.locator(".monaco-editor .view-line").first().waitFor();
    return windowIn(page);
  };
  const first = await openWindow(folder, options.file);
  const { page } = first;

  const set = async (name: string, value: unknown) => {
    settings[name] = value;
    fs.writeFileSync(path.join(dataFolder, "data", "Machine", "settings.json"), JSON.stringify(settings));
  };
  return {
    ...first,
    folder,
    set,
    openWindow,
    async setTheme(theme) {
      await set("workbench.colorTheme", themes[theme]);
      const kind = {
        light: "vs",
        dark: "vs-dark",
        "high-contrast": "hc-black",
        "high-contrast-light": "hc-light",
      };
      await page.locator(`.monaco-workbench.${kind[theme]}`).waitFor();
    },
    async stateKept(satisfies) {
      // State is JSON in JSON in JSON.
      while (!satisfies((await page.evaluate(readKeptState)).replaceAll("\\", "")))
        await page.waitForTimeout(250);
    },
    async notes() {
      const frames = page
        .frames()
        .map((frame) => frame.evaluate(() => (window as { headlightNotes?: Note[] }).headlightNotes ?? []));
      return (await Promise.all(frames)).flat().sort((one, other) => one.atMs - other.atMs);
    },
    async close() {
      await browser.close();
      await server.stop();
    },
  };
}

function windowIn(page: Page): ServedWindow {
  const inspector = page.frameLocator("iframe.webview.ready").frameLocator("iframe#active-frame");
  const line = (text: string) => page.locator(".view-line", { hasText: drawn(text) }).first();
  return {
    page,
    inspector,
    line,
    async run(command) {
      await (await findInPalette(page, command)).click();
    },
    async pointAt(lineText, word) {
      const at = await line(lineText).evaluate(middleOf, word);
      if (!at) throw new Error(`"${word}" is not in one piece in the line "${lineText}".`);
      // Two moves: a hover starts with the second.
      await page.mouse.move(at.x - 2, at.y);
      await page.mouse.move(at.x, at.y);
    },
    async painted(selector) {
      const canvas = inspector.locator(`${selector} canvas`).first();
      await canvas.waitFor();
      await canvas.evaluate(untilPainted);
    },
    async picture(name) {
      await page.screenshot({ path: path.join(outFolder, "screenshots", `${name}.png`) });
    },
  };
}

/**
 * Opens the palette on a command and gives its entry. The list is made when the palette opens, so one that was
 * opened before VS Code knew the extensions is opened again.
 */
export async function findInPalette(page: Page, command: string): Promise<Locator> {
  const option = page.getByRole("option", { name: new RegExp(`^${escaped(command)}`) }).first();
  for (let attempt = 0; attempt < 20; attempt++) {
    await page.keyboard.press("F1");
    await page.locator(".quick-input-widget input").fill(`>${command}`);
    const found = await option.waitFor({ timeout: 5_000 }).then(
      () => true,
      () => false,
    );
    if (found) return option;
    await page.keyboard.press("Escape");
  }
  throw new Error(`The palette does not offer "${command}".`);
}

/** Monaco draws spaces as non-breaking ones. */
function drawn(text: string): RegExp {
  return new RegExp(escaped(text).replace(/ /g, "[ \\u00a0]"));
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** Runs in every frame first: keeps what a webview gets only once and the last run it was told of, so that a test can ask what no page would. */
function keepWebviewPort(): void {
  let acquire: (() => unknown) | undefined;
  Object.defineProperty(window, "acquireVsCodeApi", {
    configurable: true,
    get: () => acquire,
    set: (original: () => unknown) => {
      acquire = () => {
        const port = original() as { postMessage(message: unknown): void };
        // VS Code writes the document anew: what listened before hears nothing.
        window.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
          const { event, argument } = (data ?? {}) as { event?: string; argument?: { run?: unknown } };
          if (event === "content" && argument?.run) Object.assign(window, { headlightRun: argument.run });
        });
        const { headlightWatch } = window as { headlightWatch?: () => (message: unknown) => void };
        const sent = headlightWatch?.();
        const post = (message: unknown) => {
          sent?.(message);
          port.postMessage(message);
        };
        // What VS Code gives is frozen.
        const watched = sent ? { ...port, postMessage: post } : port;
        Object.assign(window, { headlightPort: watched });
        return watched;
      };
    },
  });
}

/** Runs in the page: all that VS Code wrote down about this folder. */
async function readKeptState(): Promise<string> {
  const done = <T>(request: IDBRequest<T>) =>
    new Promise<T>((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  const texts: string[] = [];
  for (const { name } of await indexedDB.databases()) {
    if (!name?.startsWith("vscode-web-state-db-")) continue;
    const database = await done(indexedDB.open(name));
    const table = database.transaction("ItemTable").objectStore("ItemTable");
    texts.push(...(await done(table.getAll())).map(String));
    database.close();
  }
  return texts.join("\n");
}

/** Runs in the page: where a word of a line of the editor is on screen. */
function middleOf(element: Element, word: string): { x: number; y: number } | undefined {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const at = node.textContent?.indexOf(word) ?? -1;
    if (at < 0) continue;
    const range = document.createRange();
    range.setStart(node, at);
    range.setEnd(node, at + word.length);
    const { x, y, width, height } = range.getBoundingClientRect();
    return { x: x + width / 2, y: y + height / 2 };
  }
  return undefined;
}

/** Runs in the page: resolves in the frame in which the canvas shows more than one colour. */
function untilPainted(element: Element): Promise<void> {
  const canvas = element as HTMLCanvasElement;
  return new Promise((resolve) => {
    const look = () => {
      const { width, height } = canvas;
      const pixels =
        width && height ? canvas.getContext("2d")?.getImageData(0, 0, width, height).data : undefined;
      const colours = pixels && new Uint32Array(pixels.buffer);
      if (colours?.some((colour) => colour !== colours[0])) resolve();
      else requestAnimationFrame(look);
    };
    look();
  });
}
