import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { HeadlightError } from "../../../src/core/errors";
import { servedFiles } from "../../../src/host/servedFiles";
import { nodeFiles } from "../../../src/node/files";
import { openChannel } from "../../../src/protocol/channel";
import { MOST_READ_BYTES, type PageFilesContract } from "../../../src/protocol/pageEngine";
import { joinPath, pathFiles } from "../../../src/web/pathFiles";
import { temporaryFolder } from "../node/built";
import { portPair } from "../protocol/pair";

let folder: string;
const at = (...names: string[]) => path.join(folder, ...names);
const large = new Uint8Array(MOST_READ_BYTES * 2 + 5).map((_, i) => (i * 31) % 251);

beforeAll(async () => {
  folder = await temporaryFolder();
  await mkdir(at("model", "data"), { recursive: true });
  await mkdir(at("model-secrets"));
  await writeFile(at("model", "model.onnx"), large);
  await writeFile(at("model", "data", "weights"), "abc");
  await writeFile(at("model-secrets", "key"), "secret");
  await writeFile(at("key"), "secret");
});
afterAll(() => rm(folder, { recursive: true }));

/** What a page's engine has once it was asked about the model. */
function filesOfPage() {
  const served = servedFiles(nodeFiles);
  const [near, far] = portPair();
  const sizes: number[] = [];
  openChannel<PageFilesContract, object, object, object>(near, {
    ...served.methods,
    read: async (request, call) => {
      const part = await served.methods.read(request, call);
      sizes.push(part.byteLength);
      return part;
    },
  });
  const model = { id: "m", name: "m", source: "file", graph: at("model", "model.onnx"), hasCard: "no" };
  return {
    sizes,
    files: pathFiles(openChannel<object, object, PageFilesContract, object>(far, {}).remote),
    ask: () => served.allowModelsOf({ kind: "call", id: 1, method: "load", argument: { model } }),
    close: () => served.close(),
  };
}

describe("the files that an engine in a page reads", () => {
  it("come whole, in messages of at most 1 MB, and by parts", async () => {
    const { files, ask, sizes, close } = filesOfPage();
    ask();
    expect(Buffer.compare(await files.readAll(at("model", "model.onnx")), large)).toBe(0);
    expect(Math.max(...sizes)).toBe(MOST_READ_BYTES);
    const file = await files.open(at("model", "model.onnx"));
    expect(file.byteLength).toBe(large.length);
    expect(await file.read(7, 3)).toEqual(large.slice(7, 10));
    await expect(file.read(large.length - 1, 2)).rejects.toMatchObject({ code: "file-too-short" });
    await file.close();
    expect(await files.exists(at("model", "none"))).toBe(false);
    expect(await files.readAll(at("model", "data", "weights"))).toEqual(new TextEncoder().encode("abc"));
    close();
  });

  it("are none before it was asked about a model", async () => {
    const { files } = filesOfPage();
    await expect(files.readAll(at("model", "model.onnx"))).rejects.toMatchObject({ code: "file-missing" });
  });

  it.each([["key"], ["model-secrets", "key"], ["model", "..", "key"], ["model", "data", "..", "..", "key"]])(
    "are in the model's folder only: not %s %s",
    async (...names) => {
      const { files, ask } = filesOfPage();
      ask();
      const reference = [folder, ...names].join(path.sep);
      const error = await files.readAll(reference).catch((thrown: HeadlightError) => thrown);
      expect(error).toMatchObject({
        code: "file-missing",
        message: expect.stringMatching(/no folder of a model/),
      });
    },
  );
});

describe("joining a path on another machine", () => {
  it.each([
    ["/models/m", "data/weights", "/models/m/data/weights"],
    ["C:\\models\\m", "data/weights", "C:\\models\\m\\data\\weights"],
    ["/models/m/", "./a/../b", "/models/m/b"],
  ])("%s + %s", (home, relative, joined) => expect(joinPath(home, relative)).toBe(joined));

  it.each(["../b", "a/../../b", "/etc/passwd", "c:\\x", "\\\\host\\x"])(
    "refuses to leave the folder: %s",
    (relative) => {
      expect(() => joinPath("/models/m", relative)).toThrow(/outside/);
    },
  );
});
