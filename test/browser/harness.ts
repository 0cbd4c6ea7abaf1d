import { build } from "esbuild";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { chromium, type Browser, type Page } from "playwright-core";
import { inspectorHtml } from "../../src/host/inspectorHtml";
import { encodeStandalone, type StandaloneRun } from "../../src/protocol/standalone";
import type { ScoringRuns } from "../../src/protocol/scoringRuns";
import type { InspectorContent } from "../../src/protocol/viewContract";
import { browserArguments, findBrowser } from "../../scripts/browser.mjs";
import type { Enlargement } from "./page/enlarge";
import { themes, type ThemeName } from "./themes";

const root = path.resolve(import.meta.dirname, "../..");
const served = path.join(root, "dist/webview");

export interface PageOptions {
  readonly page?: "inspector" | "panel";
  readonly theme?: ThemeName;
  readonly width?: number;
  readonly height?: number;
  /** What `ready` says in place of the run. */
  readonly content?: InspectorContent;
  /** What setState kept earlier. */
  readonly state?: unknown;
  /** A translation into Russian, as the host hands it over. */
  readonly words?: Readonly<Record<string, string>>;
  /** The run repeated to this size. */
  readonly enlarge?: Enlargement;
  /** Answers come from a worker, as in VS Code; the page's policy, which allows none, is then switched off. */
  readonly hostInWorker?: boolean;
  /** What the three scoring models gave. */
  readonly scoring?: ScoringRuns;
}

export interface Harness {
  open(run: StandaloneRun | undefined, options?: PageOptions): Promise<Page>;
  close(): Promise<void>;
}

/** Serves the built page under its own content security policy and opens it in Chromium with a host that answers from data. */
export async function startHarness(moreArguments: readonly string[] = []): Promise<Harness> {
  if (!existsSync(path.join(served, "inspector.js")))
    throw new Error("dist/webview is missing: npm run build");
  const [host, worker, server, browser] = await Promise.all([
    bundled("page/fakeHost.ts"),
    bundled("page/sliceWorker.ts"),
    serve(),
    chromium.launch({
      executablePath: findBrowser(),
      args: [...browserArguments, "--force-color-profile=srgb", ...moreArguments],
    }),
  ]);
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    open: (run, options = {}) => openPage(browser, origin, { host, worker }, run, options),
    async close() {
      await browser.close();
      server.close();
    },
  };
}

/** What the server gives to the page that is opened next. */
const runs = new Map<string, string>();
let servedWords: PageOptions["words"];

/** Everything that went wrong in a page: errors, and what its policy refused. */
const problems = new WeakMap<Page, string[]>();

export function problemsOf(page: Page): string[] {
  return problems.get(page) ?? [];
}

async function openPage(
  browser: Browser,
  origin: string,
  scripts: { readonly host: string; readonly worker: string },
  run: StandaloneRun | undefined,
  options: PageOptions,
): Promise<Page> {
  const { page: name = "inspector", theme = "dark", width = 1000, height = 800, content, state } = options;
  servedWords = options.words;
  const page = await browser.newPage({
    viewport: { width, height },
    reducedMotion: "reduce",
    bypassCSP: options.hostInWorker === true,
  });
  const found: string[] = [];
  problems.set(page, found);
  page.on("pageerror", (error) => found.push(String(error.stack ?? error)));
  page.on("console", (message) => {
    const isOurs = !message.text().includes("willReadFrequently"); // The tests read pixels, the page does not.
    if (isOurs && (message.type() === "error" || message.type() === "warning")) found.push(message.text());
  });
  runs.set("/run.json", run ? encodeStandalone(run) : "");
  await page.addInitScript(
    ({ content, state, enlarge, worker, scoring }) => {
      // Before the document and so its policy is there: the page itself may not fetch anything.
      const request = new XMLHttpRequest();
      request.open("GET", "/run.json", false);
      request.send();
      const headlightRun = request.responseText || undefined;
      Object.assign(window, { headlightRun, headlightContent: content, headlightState: state });
      Object.assign(window, {
        headlightEnlarge: enlarge,
        headlightWorker: worker,
        headlightScoring: scoring,
      });
    },
    {
      content,
      state,
      enlarge: options.enlarge,
      worker: options.hostInWorker ? scripts.worker : undefined,
      // Typed arrays do not cross.
      scoring: options.scoring && (JSON.parse(JSON.stringify(options.scoring, plainArrays)) as unknown),
    },
  );
  await page.addInitScript({ content: scripts.host });
  await page.addInitScript(applyTheme, themes[theme]);
  await page.goto(`${origin}/?page=${name}`, { timeout: 120_000 });
  await page.waitForFunction(() => window.fakeHost.calls.some(({ method }) => method === "ready"));
  await settled(page);
  return page;
}

function plainArrays(_: string, value: unknown): unknown {
  return value instanceof Float32Array ? [...value] : value;
}

/** Changes the theme as VS Code does: variables on the root, a class on the body. */
export async function setTheme(page: Page, theme: ThemeName): Promise<void> {
  await page.evaluate(applyTheme, themes[theme]);
  await settled(page);
}

/** Until the page has drawn what it was told: no call open, two frames passed. */
export async function settled(page: Page): Promise<void> {
  await page.waitForTimeout(80);
  await page.evaluate(
    () => new Promise<void>((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve()))),
  );
}

function applyTheme({
  bodyClass,
  variables,
}: {
  bodyClass: string;
  variables: Record<string, string>;
}): void {
  const apply = () => {
    if (!document.body) return false;
    for (const [name, value] of Object.entries(variables)) {
      document.documentElement.style.setProperty(`--vscode-${name}`, value);
    }
    document.body.className = bodyClass;
    return true;
  };
  if (apply()) return;
  // Before the page's own script runs, as VS Code does.
  const observer = new MutationObserver(() => apply() && observer.disconnect());
  observer.observe(document, { childList: true, subtree: true });
}

async function bundled(file: string): Promise<string> {
  const result = await build({
    entryPoints: [path.join(root, "test/browser", file)],
    bundle: true,
    write: false,
    format: "iife",
    target: "es2022",
  });
  return result.outputFiles[0]!.text;
}

async function serve(): Promise<Server> {
  const types: Record<string, string> = { ".js": "text/javascript", ".css": "text/css", ".ttf": "font/ttf" };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://localhost");
    const name = url.pathname.slice(1);
    const page = url.searchParams.get("page") === "panel" ? "panel" : "inspector";
    const file = path.join(served, name);
    if (runs.has(url.pathname)) response.end(runs.get(url.pathname));
    else if (name === "") {
      const origin = `http://${request.headers.host}`;
      response.setHeader("content-type", "text/html; charset=utf-8");
      response.end(
        inspectorHtml({
          cspSource: origin,
          nonce: "0123456789abcdef0123456789abcdef",
          scriptUri: `${origin}/${page}.js`,
          styleUri: `${origin}/${page}.css`,
          language: servedWords ? "ru" : "en",
          words: servedWords,
        }),
      );
    } else if (types[path.extname(name)] && existsSync(file)) {
      response.setHeader("content-type", types[path.extname(name)]!);
      response.end(readFileSync(file));
    } else response.writeHead(name === "favicon.ico" ? 204 : 404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}
