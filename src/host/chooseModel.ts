import * as vscode from "vscode";
import { isCancelled } from "../core/errors";
import type { ModelFacts } from "../core/modelFacts";
import type { ModelEntry } from "../model/entry";
import { unreadablePlace } from "./errors";
import type { KnownFacts } from "./knownFacts";
import type { Models } from "./models";
import { attentionText, describeEntry } from "./modelText";
import type { HostPlatform } from "./platform";
import type { RecentModels } from "./recentModels";
import { modelSetting } from "./settings";

type Choice = vscode.QuickPickItem & { readonly id?: string; readonly browse?: "folder" | "file" };

export interface ModelChooser {
  readonly models: Models;
  readonly platform: HostPlatform;
  readonly recent: RecentModels;
  readonly facts: KnownFacts;
  /** For what fails while the list is filled in: the list goes on without it. */
  record(error: unknown): void;
}

/**
 * Asks for a model; gives its id, or undefined where the person thought better of it. The list opens at once and is
 * filled in: the cache is looked through, then each graph is scanned in the worker, until the list is closed.
 */
export async function chooseModel(chooser: ModelChooser): Promise<string | undefined> {
  const pick = vscode.window.createQuickPick<Choice>();
  const closing = new AbortController();
  pick.title = vscode.l10n.t("Headlight: Choose Model");
  pick.placeholder = vscode.l10n.t("The model whose attention is shown");
  pick.matchOnDescription = true;
  pick.matchOnDetail = true;
  pick.keepScrollPosition = true;
  pick.items = browsing();
  const chosen = new Promise<Choice | undefined>((resolve) => {
    pick.onDidAccept(() => resolve(pick.selectedItems[0] ?? pick.activeItems[0]));
    pick.onDidHide(() => resolve(undefined));
  });
  pick.show();
  pick.busy = true;
  fill(pick, chooser, closing.signal)
    .catch((error: unknown) => isCancelled(error) || chooser.record(error))
    .finally(() => (pick.busy = false));
  const choice = await chosen;
  closing.abort();
  pick.dispose();
  return choice?.browse ? browse(choice.browse, chooser.platform) : choice?.id;
}

/** Groups of the list, in its order; a model stands in the first that has it. */
interface Groups {
  recent: ModelEntry[];
  embedded: ModelEntry[];
  cached: ModelEntry[];
}

async function fill(
  pick: vscode.QuickPick<Choice>,
  chooser: ModelChooser,
  signal: AbortSignal,
): Promise<void> {
  const { models, facts } = chooser;
  const known = new Map<string, ModelFacts>();
  // Recent ones stand first: shown later, they would move the row that a person is about to click.
  const [recent, embedded] = await Promise.all([recentEntries(chooser), models.embedded()]);
  const groups: Groups = { recent, embedded, cached: [] };
  let shown = "";
  const show = () => {
    if (signal.aborted) return;
    const active = pick.activeItems[0];
    const items = listed(groups, known);
    // New items are new rows, and a click that begins on one and ends on another is lost: only where something changed.
    if (JSON.stringify(items) === shown) return;
    shown = JSON.stringify(items);
    pick.items = items;
    const same = items.filter((item) => item.id !== undefined && item.id === active?.id);
    if (same.length > 0) pick.activeItems = same;
  };
  remember();
  show();
  groups.cached = await models.cached();
  remember();
  show();
  let lastShown = performance.now();
  for (const { source } of all(groups)) {
    if (signal.aborted) return;
    if (source.source === "embedded") continue;
    const found = await facts.describe(source, signal).catch((error: unknown) => {
      if (!isCancelled(error)) chooser.record(error);
      return undefined;
    });
    if (found) known.set(source.id, found);
    if (performance.now() - lastShown < SHOW_EACH_MS) continue;
    show();
    lastShown = performance.now();
  }
  show();

  function remember(): void {
    for (const { source } of all(groups)) {
      const remembered = facts.remembered(source);
      if (remembered) known.set(source.id, remembered);
    }
  }
}

/** While graphs are scanned one after the other. */
const SHOW_EACH_MS = 500;

function all({ recent, embedded, cached }: Groups): ModelEntry[] {
  const entries = [...recent, ...embedded, ...cached];
  return [...new Map(entries.reverse().map((entry) => [entry.source.id, entry])).values()].reverse();
}

/** What was chosen, newest first; one that is gone is forgotten. */
async function recentEntries({ models, recent, record }: ModelChooser): Promise<ModelEntry[]> {
  const chosen = modelSetting();
  // In the order they were chosen; what was written into the settings by hand stands before them.
  const ids = chosen === "" || recent.ids.includes(chosen) ? recent.ids : [chosen, ...recent.ids];
  const found: ModelEntry[] = [];
  for (const id of ids) {
    try {
      found.push(await models.find(id));
    } catch (error) {
      record(error);
      await recent.forget(id);
    }
  }
  return found;
}

function listed(groups: Groups, known: ReadonlyMap<string, ModelFacts>): Choice[] {
  const current = modelSetting() || groups.embedded[0]?.source.id;
  const seen = new Set<string>();
  const group = (label: string, entries: readonly ModelEntry[]): Choice[] => {
    const own = entries.filter(({ source }) => !seen.has(source.id));
    for (const { source } of own) seen.add(source.id);
    return own.length === 0 ? [] : [separator(label), ...own.map((entry) => item(entry, current, known))];
  };
  return [
    ...group(vscode.l10n.t("recent"), groups.recent),
    ...group(vscode.l10n.t("embedded"), groups.embedded),
    ...group(vscode.l10n.t("local Hugging Face cache"), groups.cached),
    ...browsing(),
  ];
}

function item(
  entry: ModelEntry,
  current: string | undefined,
  known: ReadonlyMap<string, ModelFacts>,
): Choice {
  const { source } = entry;
  const facts = known.get(source.id);
  const detail = attentionText(facts, vscode.l10n.t);
  return {
    label: source.name,
    id: source.id,
    ...(source.id === current && { iconPath: new vscode.ThemeIcon("check") }),
    description: describeEntry(entry, facts, vscode.l10n.t),
    ...(detail && { detail }),
  };
}

function browsing(): Choice[] {
  return [
    separator(vscode.l10n.t("your own")),
    {
      label: `$(folder) ${vscode.l10n.t("Folder…")}`,
      detail: vscode.l10n.t("config.json, tokenizer.json and an .onnx file, as Hugging Face lays them out"),
      browse: "folder",
    },
    {
      label: `$(file) ${vscode.l10n.t("ONNX file…")}`,
      detail: vscode.l10n.t("the tokenizer is looked for beside it"),
      browse: "file",
    },
  ];
}

async function browse(what: "folder" | "file", platform: HostPlatform): Promise<string | undefined> {
  const folder = what === "folder";
  const [chosen] =
    (await vscode.window.showOpenDialog({
      canSelectFiles: !folder,
      canSelectFolders: folder,
      canSelectMany: false,
      ...(!folder && { filters: { ONNX: ["onnx"] } }),
      title: folder ? vscode.l10n.t("Choose a model's folder") : vscode.l10n.t("Choose an ONNX file"),
      openLabel: vscode.l10n.t("Choose"),
    })) ?? [];
  if (!chosen) return undefined;
  const reference = platform.referenceOf(chosen);
  if (reference === undefined) throw unreadablePlace(chosen.toString());
  return reference;
}

function separator(label: string): Choice {
  return { label, kind: vscode.QuickPickItemKind.Separator };
}
