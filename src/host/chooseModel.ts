import * as vscode from "vscode";
import type { ModelEntry } from "../model/entry";
import { unreadablePlace } from "./errors";
import type { Models } from "./models";
import type { HostPlatform } from "./platform";
import { modelSetting } from "./settings";

type Choice = vscode.QuickPickItem & { readonly id?: string; readonly browse?: "folder" | "file" };

/** Asks for a model; gives its id, or undefined where the person thought better of it. */
export async function chooseModel(models: Models, platform: HostPlatform): Promise<string | undefined> {
  const chosen = await vscode.window.showQuickPick(choices(models), {
    title: vscode.l10n.t("Headlight: Choose Model"),
    placeHolder: vscode.l10n.t("The model whose attention is shown"),
    matchOnDescription: true,
    matchOnDetail: true,
  });
  if (chosen?.browse) return browse(chosen.browse, platform);
  return chosen?.id;
}

async function choices(models: Models): Promise<Choice[]> {
  const [embedded, cached] = await Promise.all([models.embedded(), models.cached()]);
  const current = modelSetting() || embedded[0]?.source.id;
  const isListed = [...embedded, ...cached].some((entry) => entry.source.id === current);
  return [
    separator(vscode.l10n.t("embedded")),
    ...embedded.map((entry) => item(entry, current)),
    ...(isListed || !current
      ? []
      : [separator(vscode.l10n.t("chosen now")), { label: current, id: current }]),
    ...(cached.length > 0 ? [separator(vscode.l10n.t("local Hugging Face cache"))] : []),
    ...cached.map((entry) => item(entry, current)),
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

function item({ source, summary, sizeBytes, architecture, precision }: ModelEntry, current?: string): Choice {
  const size = summary.nLayers > 0 ? `${summary.nLayers}x${summary.nHeads}` : undefined;
  const context = summary.context && vscode.l10n.t("{0} tokens", summary.context);
  const megabytes = sizeBytes && `${(sizeBytes / 1e6).toFixed(1)} MB`;
  const kind = summary.kind === "unknown" ? architecture : summary.kind;
  return {
    label: source.name,
    id: source.id,
    ...(source.id === current && { iconPath: new vscode.ThemeIcon("check") }),
    description: [size, kind, context, precision, megabytes].filter(Boolean).join(" · "),
  };
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
