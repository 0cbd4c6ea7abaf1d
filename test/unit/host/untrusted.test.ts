import { readFileSync } from "node:fs";
import path from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";

/** VS Code's settings as its documentation has them: restricted ones of a workspace count only where it is trusted. */
const state = vi.hoisted(() => ({
  isTrusted: false,
  user: {} as Record<string, unknown>,
  workspace: {} as Record<string, unknown>,
  restricted: [] as string[],
}));

vi.mock("vscode", () => ({
  ConfigurationTarget: { Global: 1, Workspace: 2 },
  workspace: {
    get isTrusted() {
      return state.isTrusted;
    },
    getConfiguration: (section: string) => ({
      get: (name: string, otherwise: unknown) => {
        const counts = state.isTrusted || !state.restricted.includes(`${section}.${name}`);
        return (counts ? state.workspace[name] : undefined) ?? state.user[name] ?? otherwise;
      },
      inspect: (name: string) => ({
        globalValue: state.user[name],
        workspaceValue: state.workspace[name],
      }),
      update: async (name: string, value: unknown, target: number) => {
        (target === 2 ? state.workspace : state.user)[name] = value;
      },
    }),
  },
}));

const { engineSettings, modelSetting, rememberModel } = await import("../../../src/host/settings");

interface Manifest {
  readonly capabilities: {
    readonly untrustedWorkspaces: {
      readonly supported: unknown;
      readonly restrictedConfigurations: string[];
    };
  };
}

const manifest = JSON.parse(
  readFileSync(path.join(import.meta.dirname, "../../../package.json"), "utf8"),
) as Manifest;
const { untrustedWorkspaces } = manifest.capabilities;

describe("an untrusted workspace", () => {
  beforeEach(() => {
    Object.assign(state, {
      isTrusted: false,
      user: { model: "mine" },
      workspace: { model: "/theirs/model.onnx", threads: 64, backend: "webgpu", byteBudget: 65_536 },
      restricted: untrustedWorkspaces.restrictedConfigurations,
    });
  });

  it("is supported in part, as the manifest says", () => {
    expect(untrustedWorkspaces.supported).toBe("limited");
  });

  it("cannot choose a model, threads, a backend or a budget", () => {
    expect(modelSetting()).toBe("mine");
    expect(engineSettings()).toEqual({ threads: 0, byteBudget: 2 ** 30, backend: "wasm" });
    state.isTrusted = true;
    expect(modelSetting()).toBe("/theirs/model.onnx");
    expect(engineSettings()).toMatchObject({ threads: 64, backend: "webgpu" });
  });

  it("does not get the person's choice written into it: it counts from now on, there too", async () => {
    await rememberModel("chosen");
    expect(state.workspace.model).toBe("/theirs/model.onnx");
    expect(modelSetting()).toBe("chosen");
  });

  it("once trusted decides again, so that the choice is written where it takes effect", async () => {
    state.isTrusted = true;
    await rememberModel("chosen");
    expect(state.user.model).toBe("mine");
    expect(modelSetting()).toBe("chosen");
  });
});
