import * as vscode from "vscode";
import type { BackendSetting, EngineSettings } from "../protocol/engineContract";
import { colourMaps, type ViewSettings } from "../protocol/viewContract";

const SECTION = "headlight";

/** Id, folder or file of the chosen model; empty for the first embedded one. Workspace values count in trusted workspaces only. */
export function modelSetting(): string {
  return settings().get<string>("model", "").trim();
}

export async function rememberModel(id: string): Promise<void> {
  await changeSetting("model", id);
}

export function engineSettings(): EngineSettings {
  return {
    threads: whole("threads", 0, 0, 64),
    byteBudget: whole("byteBudget", 1024, 16, 65_536) * 2 ** 20,
    backend: backendSetting(),
  };
}

function backendSetting(): BackendSetting {
  const chosen = settings().get<unknown>("backend");
  return chosen === "auto" || chosen === "webgpu" ? chosen : "wasm";
}

export function viewSettings(): ViewSettings {
  const chosen = settings().get<string>("colourMap", "theme");
  return { colourMap: colourMaps.find((name) => name === chosen) ?? "theme" };
}

/** A person's own limit, or undefined for the model's. */
export function tokenLimit(): number | undefined {
  return whole("tokenLimit", 0, 0, 1_000_000) || undefined;
}

export function hoversEnabled(): boolean {
  return settings().get<boolean>("hover.enabled", true);
}

export interface OverlaySettings {
  /** Whether keys are shaded. */
  readonly enabled: boolean;
  readonly boundaries: boolean;
  /** Whose weights: the chosen head's, the mean of its layer, or of all heads. */
  readonly weights: "head" | "layer" | "mean";
  /** What the query attends to, or which tokens attend to it. */
  readonly direction: "keys" | "queries";
}

export function overlaySettings(): OverlaySettings {
  const chosen = settings().get<unknown>("overlay.weights");
  return {
    enabled: settings().get<boolean>("overlay.enabled", true),
    boundaries: settings().get<boolean>("overlay.boundaries", true),
    weights: chosen === "layer" || chosen === "mean" ? chosen : "head",
    direction: settings().get<unknown>("overlay.direction") === "queries" ? "queries" : "keys",
  };
}

/** Writes a setting where it takes effect: in the workspace when the workspace decides now, else for the person. */
export async function changeSetting(name: string, value: unknown): Promise<void> {
  const known = settings().inspect(name);
  const workspaceDecides = vscode.workspace.isTrusted && known?.workspaceValue !== undefined;
  const target = workspaceDecides ? vscode.ConfigurationTarget.Workspace : vscode.ConfigurationTarget.Global;
  await settings().update(name, value, target);
}

export function onSettings(listener: (affects: (name: string) => boolean) => void): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration((event) => {
    if (event.affectsConfiguration(SECTION))
      listener((name) => event.affectsConfiguration(`${SECTION}.${name}`));
  });
}

function settings(): vscode.WorkspaceConfiguration {
  return vscode.workspace.getConfiguration(SECTION);
}

/** settings.json can hold anything: what is not a number in range gives way to the default. */
function whole(name: string, otherwise: number, least: number, most: number): number {
  const value = settings().get<unknown>(name);
  if (typeof value !== "number" || !Number.isFinite(value)) return otherwise;
  return Math.min(most, Math.max(least, Math.round(value)));
}
