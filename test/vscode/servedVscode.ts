import fs from "node:fs";
import path from "node:path";
import { chromium, type FrameLocator, type Page } from "playwright-core";
import { browserArguments, findBrowser } from "../../scripts/browser.mjs";
import { outFolder, root, throwawayFolder } from "../../scripts/folders.mjs";
import { linkExtension } from "../../scripts/vscode/linkExtension.mjs";
import { addressOf, installVsix, startServer } from "../../scripts/vscode/server.mjs";

/** A person's VS Code: a window in a browser, on a copy of the samples. */
export interface ServedVscode {
  readonly page: Page;
  readonly folder: string;
  /** The inspector's page, inside the webview's two frames. */
  readonly inspector: FrameLocator;
  /** Runs a command of the palette by its whole title. */
  run(command: string): Promise<void>;
  /** Changes settings as the file of settings; VS Code follows at once. */
  set(settings: Record<string, unknown>): void;
  /** Keeps a picture in out/screenshots. */
  picture(name: string): Promise<void>;
  close(): Promise<void>;
}

export async function openVscode(options: {
  file: string;
  vsix?: string;
  settings?: Record<string, unknown>;
}): Promise<ServedVscode> {
  const dataFolder = throwawayFolder("journey");
  const folder = path.join(dataFolder, "samples");
  fs.cpSync(path.join(root, "samples"), folder, { recursive: true });
  if (options.vsix) await installVsix(dataFolder, options.vsix);
  else linkExtension(dataFolder, root);
  const executablePath = findBrowser();
  const quiet = { "workbench.secondarySideBar.defaultVisibility": "hidden", "editor.minimap.enabled": false };
  const settings = { ...quiet, ...options.settings };
  const server = await startServer({ dataFolder, settings });
  const browser = await chromium.launch({ executablePath, args: browserArguments });
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.setDefaultTimeout(120_000);
  await page.goto(addressOf(server, { folder, file: path.join(folder, options.file) }));
  await page.getByRole("tab", { name: options.file }).waitFor();
  await page.locator(".monaco-editor .view-line").first().waitFor();

  return {
    page,
    folder,
    inspector: page.frameLocator("iframe.webview.ready").frameLocator("iframe#active-frame"),
    async run(command) {
      await page.keyboard.press("F1");
      await page.locator(".quick-input-widget input").fill(`>${command}`);
      await page
        .getByRole("option", { name: new RegExp(`^${escaped(command)}`) })
        .first()
        .click();
    },
    set(more) {
      Object.assign(settings, more);
      fs.writeFileSync(path.join(dataFolder, "data", "Machine", "settings.json"), JSON.stringify(settings));
    },
    async picture(name) {
      const screenshots = path.join(outFolder, "screenshots");
      await page.screenshot({ path: path.join(screenshots, `${name}.png`) });
    },
    async close() {
      await browser.close();
      await server.stop();
    },
  };
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
