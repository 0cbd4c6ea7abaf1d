import * as vscode from "vscode";
import type { ProbeReport } from "../core/probe/probe";
import { modelCard } from "../core/probe/modelCard";
import type { Engine } from "../engine/engine";
import type { ModelEntry } from "../model/entry";
import type { ModelSource } from "../protocol/engineContract";
import type { Inspectors } from "./inspectors";
import type { Models } from "./models";
import { ReportDocuments } from "./reportDocuments";
import { modelSetting } from "./settings";

/** Scores of models' heads over the probe, kept in the extension's storage for as long as the model's file stays as it is. */
export class Probes {
  readonly #documents = new ReportDocuments("headlight-card", "md");
  readonly #known = new Map<string, ProbeReport>();
  readonly #changed = new vscode.EventEmitter<string>();
  /** A model has new scores: its id. */
  readonly onDidChange = this.#changed.event;

  constructor(
    private readonly engine: Engine,
    private readonly models: Models,
    private readonly inspectors: Inspectors,
    private readonly storage: vscode.Uri,
  ) {}

  /** What is kept of the model; nothing where it was never probed, or its file is another one now. */
  async kept(source: ModelSource): Promise<ProbeReport | undefined> {
    const key = await keyOf(source);
    const known = this.#known.get(key);
    if (known) return known;
    const bytes = await vscode.workspace.fs.readFile(this.#place(key)).then(
      (read) => read,
      () => undefined,
    );
    const found = bytes && parseKept(bytes, key);
    if (found) this.#known.set(key, found);
    return found;
  }

  /** Probes the model of the shown inspection, else the chosen one, with progress; shows its card. */
  async probe({ showsCard = true } = {}): Promise<ProbeReport | undefined> {
    const { source, card } = await this.#current();
    const pairs = (card?.samples ?? []).flatMap(({ text, targetText }) =>
      targetText ? [{ text, targetText }] : [],
    );
    const controller = new AbortController();
    const title = vscode.l10n.t("Probing the heads of {0}", source.name);
    const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
    const report = await vscode.window.withProgress(options, async (progress, token) => {
      token.onCancellationRequested(() => controller.abort());
      let done = 0;
      const stop = this.engine.onEvent({
        progress: ({ fraction = 0 }) => {
          progress.report({ increment: Math.max(0, fraction - done) * 100 });
          done = Math.max(done, fraction);
        },
      });
      return this.engine
        .probe({ model: source, ...(pairs.length > 0 && { pairs }) }, { signal: controller.signal })
        .finally(stop);
    });
    await this.#keep(source, report);
    if (showsCard) await this.#show({ source, card }, report);
    return report;
  }

  /** The card of that model; a model that was never probed is probed first. */
  async showCard(): Promise<void> {
    const current = await this.#current();
    const known = await this.kept(current.source);
    if (known) await this.#show(current, known);
    else await this.probe();
  }

  dispose(): void {
    this.#documents.dispose();
    this.#changed.dispose();
  }

  async #current(): Promise<Pick<ModelEntry, "source" | "card">> {
    const state = this.inspectors.active?.session.state;
    if (!state || state.status === "empty") return this.models.find(modelSetting());
    const { model } = state.request;
    const entry = await this.models.find(model.id).catch(() => undefined);
    return { source: model, card: entry?.card };
  }

  async #keep(source: ModelSource, report: ProbeReport): Promise<void> {
    const key = await keyOf(source);
    this.#known.set(key, report);
    const kept = new TextEncoder().encode(JSON.stringify({ key, report }));
    await vscode.workspace.fs.writeFile(this.#place(key), kept);
    this.#changed.fire(source.id);
  }

  #show({ source, card }: Pick<ModelEntry, "source" | "card">, report: ProbeReport): Promise<void> {
    return this.#documents.show(
      vscode.l10n.t("Heads of {0}", source.name),
      modelCard(report, card, vscode.l10n.t),
    );
  }

  #place(key: string): vscode.Uri {
    return vscode.Uri.joinPath(this.storage, "probes", `${hash(key)}.json`);
  }
}

/** The graph's place, size and time of change: another file is another model. */
async function keyOf({ id, graph, decoder }: ModelSource): Promise<string> {
  const stamps = [graph, ...(decoder ? [decoder] : [])].map(async (reference) => {
    const uri = /^[a-z][a-z0-9+.-]+:/i.test(reference)
      ? vscode.Uri.parse(reference, true)
      : vscode.Uri.file(reference);
    const { size, mtime } = await vscode.workspace.fs.stat(uri);
    return `${reference} ${size} ${mtime}`;
  });
  return [id, ...(await Promise.all(stamps))].join("\n");
}

/** What an earlier version kept, or anything else that lies there, is unknown until it was looked at. */
function parseKept(bytes: Uint8Array, key: string): ProbeReport | undefined {
  try {
    const kept = JSON.parse(new TextDecoder("utf-8").decode(bytes)) as {
      key?: unknown;
      report?: Partial<ProbeReport>;
    } | null;
    const report = kept?.report;
    const isWhole = report?.version === 2 && Array.isArray(report.heads) && Array.isArray(report.inputs);
    return kept?.key === key && isWhole ? (report as ProbeReport) : undefined;
  } catch {
    // Cut short or written by hand: probed again when asked for.
    return undefined;
  }
}

/** A file name for a key of any length (FNV-1a, 64 bits); the key stands in the file, so that a collision shows. */
function hash(text: string): string {
  let value = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) {
    value = BigInt.asUintN(64, (value ^ BigInt(byte)) * 0x100000001b3n);
  }
  return value.toString(16).padStart(16, "0");
}
