import * as vscode from "vscode";
import type { LayerTensor } from "../core/run";
import type { Engine } from "../engine/engine";
import { MOST_PAGE_BYTES, PAGE_EVERYTHING, PAGE_WEIGHTS, pageSize } from "../protocol/pageExport";
import { standaloneDocument } from "../protocol/standalonePage";
import { noInspection, pageTooLarge } from "./errors";
import { optional, record } from "./fields";
import type { Session } from "./session";
import { viewSettings } from "./settings";

/** Writes the shown inspection as one file that needs no network; its size is said before it is made. */
export class PageExport {
  constructor(
    private readonly engine: Engine,
    private readonly extensionUri: vscode.Uri,
  ) {}

  /** `given`: { file, what } for programs, which are asked nothing. False where the person thought better of it. */
  async export(session: Session | undefined, given?: unknown): Promise<boolean> {
    const run = session?.inspection.shown?.run;
    if (!session || !run) throw noInspection();
    const fields = optional(given, (value) => record(value, "exportHtml"));
    const file = fields?.file instanceof vscode.Uri ? fields.file : undefined;
    const what = file ? PAGE_WEIGHTS : await this.#chooseWhat(session);
    if (!what) return false;
    const { bytes } = pageSize(run, what);
    if (bytes > MOST_PAGE_BYTES) throw pageTooLarge(bytes, MOST_PAGE_BYTES);
    const name = `headlight-${run.model.id.replace(/^.*[/\\]/, "")}.html`;
    const target = file ?? (await askFile(name));
    if (!target) return false;
    const title = vscode.l10n.t("Writing {0}", name);
    const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
    await vscode.window.withProgress(options, async (progress, token) => {
      const controller = new AbortController();
      token.onCancellationRequested(() => controller.abort());
      const page = await this.#make(session, what, controller.signal, (share) =>
        progress.report({ increment: share * 100 }),
      );
      await vscode.workspace.fs.writeFile(target, page);
    });
    return true;
  }

  async #chooseWhat(session: Session): Promise<readonly LayerTensor[] | undefined> {
    const run = session.inspection.shown!.run;
    const item = (label: string, detail: string, what: readonly LayerTensor[]) => {
      const { bytes, precision } = pageSize(run, what);
      const size = `${(bytes / 1e6).toFixed(1)} MB`;
      const isTooLarge = bytes > MOST_PAGE_BYTES;
      return {
        label,
        what,
        description: isTooLarge
          ? vscode.l10n.t("{0}: more than the {1} MB that a page may have", size, MOST_PAGE_BYTES / 1e6)
          : `${size} · ${precision}`,
        detail,
      };
    };
    const chosen = await vscode.window.showQuickPick(
      [
        item(
          vscode.l10n.t("Weights"),
          vscode.l10n.t("All heads in every measure but scores; the most likely tokens and the logit lens"),
          PAGE_WEIGHTS,
        ),
        item(
          vscode.l10n.t("Weights, scores, q, k, v, outputs and W_O"),
          vscode.l10n.t("What Steps and Mask show too"),
          PAGE_EVERYTHING,
        ),
      ],
      {
        title: vscode.l10n.t("Headlight: Export Inspection as HTML"),
        placeHolder: vscode.l10n.t("What the page carries; about how large it is"),
      },
    );
    return chosen?.what;
  }

  async #make(
    session: Session,
    what: readonly LayerTensor[],
    signal: AbortSignal,
    tell: (share: number) => void,
  ): Promise<Uint8Array> {
    const { run } = session.inspection.shown!;
    const read = async (name: string) => {
      const file = vscode.Uri.joinPath(this.extensionUri, "dist", "webview", name);
      return new TextDecoder("utf-8").decode(await vscode.workspace.fs.readFile(file));
    };
    const [script, style] = await Promise.all([read("standalone.js"), read("standalone.css")]);
    const line = run.text.replace(/\s+/g, " ").trim();
    const title = [run.model.name, line.length > 60 ? `${line.slice(0, 59)}…` : line]
      .filter(Boolean)
      .join(" · ");
    const { before, after } = standaloneDocument({ title, script, style });
    const { selection } = session;
    const query = {
      runId: run.runId,
      what,
      settings: viewSettings(),
      ...(selection && { selection }),
    };
    const encode = (text: string) => new TextEncoder().encode(text);
    const parts: Uint8Array[] = [encode(before)];
    for (let part = 0, nParts = 1; part < nParts; part++) {
      const answer = await this.engine.exportPage({ ...query, part }, { signal });
      nParts = answer.nParts;
      parts.push(answer.bytes);
      tell(1 / nParts);
    }
    return joined([...parts, encode(after)]);
  }
}

async function askFile(name: string): Promise<vscode.Uri | undefined> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  return vscode.window.showSaveDialog({
    ...(folder && { defaultUri: vscode.Uri.joinPath(folder, name) }),
    title: vscode.l10n.t("Save {0}", name),
    filters: { HTML: ["html"] },
  });
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
  return whole;
}
